"""One model for all kinds of fields, and the models around it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models


class Level(models.IntegerChoices):
    LOW = 1, "Low: 100%"
    HIGH = 2, "High, today"


class Mood(models.TextChoices):
    CALM = "calm", "Calm"
    ANGRY = "angry", "Angry: 50% \\ more"


class City(models.Model):
    name = models.CharField(max_length=50)


class Office(models.Model):
    title = models.CharField("office's name", max_length=50)
    city = models.ForeignKey(City, models.CASCADE, null=True)


class Label(models.Model):
    name = models.CharField("tag name", max_length=50)
    weight = models.DecimalField(max_digits=6, decimal_places=2, default=0)


class Case(models.Model):
    title = models.CharField("subject", max_length=200)
    notes = models.TextField(null=True)
    office = models.ForeignKey(Office, models.SET_NULL, null=True, verbose_name="branch", related_name="cases")
    labels = models.ManyToManyField(Label, related_name="cases")
    small = models.SmallIntegerField(null=True)
    count = models.IntegerField(null=True)
    big = models.BigIntegerField(null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    ratio = models.FloatField(null=True)
    is_urgent = models.BooleanField(null=True)
    due_on = models.DateField(null=True)
    at = models.TimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    key = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    file = models.FileField(null=True, upload_to="files")
    level = models.IntegerField(choices=Level.choices, null=True)
    mood = models.CharField(max_length=10, choices=Mood.choices, null=True)
    grouped = models.CharField(
        max_length=10, choices=[("Audio", [("lp", "Vinyl"), ("cd", "CD")]), ("none", "No media")], null=True
    )
    custom = models.JSONField(null=True)
    waits = models.DurationField(null=True)
    blob = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)
    #: A cent is rounded.
    taxed = models.GeneratedField(
        expression=models.F("cost") * models.Value(Decimal("1.19")),
        output_field=models.DecimalField(max_digits=14, decimal_places=2),
        db_persist=True,
    )
    doubled = models.GeneratedField(
        expression=models.F("count") * 2, output_field=models.IntegerField(), db_persist=True
    )


class Comment(models.Model):
    case = models.ForeignKey(Case, models.CASCADE, related_name="comments")
    text = models.TextField()
    pinned_on = models.DateField(null=True)


class Detail(models.Model):
    case = models.OneToOneField(Case, models.CASCADE, primary_key=True)
    code = models.CharField(max_length=10)


class Special(Case):
    """A case with more; its key is that of the case."""

    extra = models.CharField(max_length=10)


class CaseOfReports(Case):
    class Meta:
        proxy = True


class Keyed(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=10, unique=True, db_column="a:b \\c")
    opened = models.DateTimeField(auto_now_add=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, to_field="name", related_name="children")

    class Meta:
        db_table = "kinds odd ::table"


class Named(models.Model):
    code = models.CharField(max_length=10, primary_key=True)
    keyed = models.ForeignKey(Keyed, models.CASCADE)
    opened = models.DateTimeField(auto_now_add=True)
