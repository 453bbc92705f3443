"""Tickets, their teams and their tags. The users are Django's, with integer ids."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Team(models.Model):
    name = models.CharField(max_length=50, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="teams")

    def __str__(self) -> str:
        return str(self.name)


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return str(self.name)


class Ticket(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting for the customer"
        DONE = "done", "Done"

    title = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    team = models.ForeignKey(Team, models.PROTECT)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    tags = models.ManyToManyField(Tag, blank=True)
    cost = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    custom = models.JSONField("custom fields", default=dict, blank=True)
    opened_at = models.DateTimeField("opened", auto_now_add=True)

    def __str__(self) -> str:
        return str(self.title)
