"""Faults and their neighbours. Names of tables and columns have what a driver could mistake for a parameter."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

_USER = settings.AUTH_USER_MODEL


class Team(models.Model):
    name = models.CharField(max_length=50)
    region = models.CharField(max_length=50, null=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="parts")
    lead = models.ForeignKey(_USER, models.SET_NULL, null=True, related_name="+")
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "teams: all :c1"


class Tag(models.Model):
    name = models.CharField(max_length=50)


class Profile(models.Model):
    """What the rules know of a user."""

    user = models.OneToOneField(_USER, models.CASCADE, related_name="profile")
    region = models.CharField(max_length=50, null=True)
    level = models.IntegerField(null=True)
    token = models.UUIDField(null=True)


class _Shown(models.Manager["Fault"]):
    def get_queryset(self) -> models.QuerySet[Fault]:
        return super().get_queryset().filter(is_removed=False)


class _Fault(models.Model):
    """Everything of a fault but its key."""

    number = models.IntegerField()
    title = models.CharField("subject", max_length=200, db_column="title :p0")
    note = models.TextField(null=True, db_column="note's :c2")
    state = models.CharField(max_length=20, null=True, blank=True, choices=[("new", "New"), ("open", "Open: 100%")])
    priority = models.IntegerField(null=True, choices=[(1, "Low"), (2, "High, today")])
    rank = models.SmallIntegerField(default=0)
    cost = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    rate = models.FloatField(null=True)
    is_secret = models.BooleanField(null=True)
    is_removed = models.BooleanField(default=False)
    due_on = models.DateField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    waiting = models.DurationField(null=True)
    token = models.UUIDField(null=True)
    packed = models.BinaryField(null=True)
    custom = models.JSONField(null=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True)
    owner = models.ForeignKey(_USER, models.SET_NULL, null=True, related_name="+")
    tags = models.ManyToManyField(Tag)
    watchers = models.ManyToManyField(_USER, related_name="+")
    doubled = models.GeneratedField(
        expression=models.F("rank") * 2, output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        abstract = True


class Fault(_Fault):
    id = models.BigAutoField(primary_key=True, db_column="id : key")

    objects = _Shown()
    everything = models.Manager()

    class Meta:
        db_table = "faults' all ::x"
        base_manager_name = "everything"
        ordering = ("-title",)


class UuidFault(_Fault):
    id = models.UUIDField(primary_key=True, default=uuid4)


class TextFault(_Fault):
    code = models.CharField(max_length=100, primary_key=True)


class ChildFault(UuidFault):
    """Its key is the key of another model."""

    extra = models.CharField(max_length=50, default="")


class _Comment(models.Model):
    text = models.TextField()
    author = models.ForeignKey(_USER, models.SET_NULL, null=True, related_name="+")
    is_internal = models.BooleanField(default=False)
    score = models.IntegerField(null=True)

    class Meta:
        abstract = True


class Comment(_Comment):
    fault = models.ForeignKey(Fault, models.CASCADE, related_name="comments")


class UuidComment(_Comment):
    fault = models.ForeignKey(UuidFault, models.CASCADE, related_name="comments")


class TextComment(_Comment):
    fault = models.ForeignKey(TextFault, models.CASCADE, related_name="comments")


class _Contract(models.Model):
    amount = models.IntegerField(null=True)

    class Meta:
        abstract = True


class Contract(_Contract):
    fault = models.OneToOneField(Fault, models.CASCADE, related_name="contract")


class UuidContract(_Contract):
    fault = models.OneToOneField(UuidFault, models.CASCADE, related_name="contract", primary_key=True)


class TextContract(_Contract):
    fault = models.OneToOneField(TextFault, models.CASCADE, related_name="contract")


#: Each model with those of its comments and contracts.
FAMILIES = (
    (Fault, Comment, Contract),
    (UuidFault, UuidComment, UuidContract),
    (TextFault, TextComment, TextContract),
    (ChildFault, UuidComment, UuidContract),
)
OWN_MODELS = (Team, Tag, Profile, *dict.fromkeys(each for family in FAMILIES for each in family))
