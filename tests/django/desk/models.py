"""Tickets, whose teams are groups of Django."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models


class Priority(models.IntegerChoices):
    LOW = 1, "Low"
    HIGH = 2, "High, today"


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)


class Ticket(models.Model):
    title = models.CharField("subject", max_length=200)
    team = models.ForeignKey(Group, models.CASCADE)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    tags = models.ManyToManyField(Tag)
    state = models.CharField(max_length=20, choices=[("open", "Open"), ("done", "Done")], default="open")
    priority = models.IntegerField(choices=Priority.choices, default=Priority.LOW)
    cost = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    custom = models.JSONField(default=dict)
    is_urgent = models.BooleanField(default=False)
    due_on = models.DateField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    #: Days that the ticket may wait, twice.
    doubled = models.GeneratedField(
        expression=models.F("priority") * 2, output_field=models.IntegerField(), db_persist=True
    )
