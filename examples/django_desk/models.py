"""The tickets. The users, groups and permissions are those of Django."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models


class Ticket(models.Model):
    title: models.CharField[str, str] = models.CharField(max_length=200)
    state: models.CharField[str, str] = models.CharField(max_length=20, default="open")
    team: models.CharField[str, str] = models.CharField(max_length=50)
    cost: models.IntegerField[int, int] = models.IntegerField(default=0)
    opened_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tickets"
        permissions: ClassVar = [("export_ticket", "Can export tickets")]
