"""A help desk as a developer writes it in Django."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Team(models.Model):
    name = models.CharField(max_length=100, unique=True)


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ("name",)


class Ticket(models.Model):
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    state = models.CharField(max_length=20, choices=[("open", "Open"), ("waiting", "Waiting"), ("done", "Done")])
    minutes = models.IntegerField(null=True)
    cost = models.DecimalField(max_digits=10, decimal_places=2)
    is_urgent = models.BooleanField(default=False)
    due_on = models.DateField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    team = models.ForeignKey(Team, models.PROTECT)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    tags = models.ManyToManyField(Tag)

    class Meta:
        # For the list of tickets, newest first.
        indexes = [models.Index(fields=["opened_at", "id"], name="newest")]
