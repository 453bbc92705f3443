"""Conditions with subqueries, and on several columns of one related row."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Window
from django.db.models.functions import (
    RowNumber,
)

from tests.rights.on_django.makers import Family, Named, a_text
from tests.rights.on_django.models import Tag, Team
from ticket_export import Actor


def subquery(chance: Random, family: Family) -> Callable[[Actor], Any]:
    comments, faults, contracts = family.comments.objects, family.faults, family.contracts.objects
    word, most = a_text(chance), chance.randint(1, 3)
    mine: dict[str, Callable[[Actor], Any]] = {
        "exists": lambda actor: Exists(comments.filter(fault=OuterRef("pk"), author_id=actor.user_id)),
        "not exists": lambda _: ~Exists(comments.filter(fault=OuterRef("pk"), text__icontains=word)),
        "exists of a team": lambda actor: Exists(
            Team.objects.filter(pk=OuterRef("team_id"), region=actor.attributes["region"])
        ),
        "exists within exists": lambda actor: Exists(
            get_user_model()
            ._default_manager.filter(pk=OuterRef("owner_id"))
            .filter(Exists(comments.filter(author=OuterRef("pk"), fault=OuterRef(OuterRef("pk")), text__gt=word)))
        ),
        "exists of nothing": lambda _: Exists(comments.none()),
        "not exists of nothing": lambda _: ~Exists(comments.none()),
        "exists of an empty list": lambda _: Exists(comments.filter(fault=OuterRef("pk"), score__in=[])),
        "in a queryset": lambda actor: Q(pk__in=comments.filter(author=actor.user_id).values("fault")),
        "in a queryset of teams": lambda actor: Q(team__in=Team.objects.filter(group__in=actor.attributes["groups"])),
        "in a queryset of users": lambda _: Q(
            owner__in=get_user_model()._default_manager.filter(profile__region__icontains=word)
        ),
        "not in a queryset": lambda actor: ~Q(team__in=Team.objects.exclude(lead=actor.user_id)),
        "in a sorted and sliced queryset": lambda _: Q(
            pk__in=faults._base_manager.filter(title__gte=word).order_by("-number", "pk").values("pk")[:most]
        ),
        "in an empty queryset": lambda _: Q(team__in=Team.objects.none()),
        "in a union": lambda actor: Q(
            team__in=Team.objects.filter(lead=actor.user_id)
            .values("pk")
            .union(Team.objects.filter(name__contains=word).values("pk"))
        ),
        "in counted ones": lambda _: Q(
            pk__in=faults._base_manager.annotate(n=Count("comments")).filter(n__gte=most).values("pk")
        ),
        "first of each team": lambda _: Q(
            pk__in=faults._base_manager.annotate(
                place=Window(RowNumber(), partition_by="team", order_by=["number", "pk"])
            )
            .filter(place__lte=most)
            .values("pk")
        ),
        "a subquery's value": lambda _: Q(
            rank__gt=Subquery(contracts.filter(fault=OuterRef("pk"), amount__lt=15).values("amount")[:1])
        ),
        "a subquery's text": lambda _: Q(
            note__gt=Subquery(
                comments.filter(fault=OuterRef("pk")).exclude(text=word).order_by("text").values("text")[:1]
            )
        ),
        "tags of others": lambda _: (
            Q(tags__in=Tag.objects.filter(**{f"{faults._meta.model_name}__rank__gt": 1}).exclude(name=word))
            if not issubclass(faults, models.Model) or not faults._meta.parents
            else Q(tags__in=Tag.objects.exclude(name=word))
        ),
        "groups of the owner": lambda actor: Q(owner__groups__in=Group.objects.filter(user=actor.user_id)),
    }
    name = chance.choice(sorted(mine))
    return Named(f"{name} {word!r} {most}", mine[name])


def several_at_once(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    """Return conditions on one row of a relation, or on several."""
    word = a_text(chance)
    kinds: tuple[Callable[[Actor], Any], ...] = (
        lambda actor: Q(comments__author=actor.user_id, comments__text__contains=word),
        lambda actor: Q(comments__author=actor.user_id) & ~Q(comments__is_internal=True),
        lambda actor: ~Q(comments__author=actor.user_id, comments__is_internal=True),
        lambda actor: Q(watchers=actor.user_id, tags__name=word, team__region__isnull=False),
        lambda actor: Q(watchers__profile__level__gte=1, watchers__groups__in=actor.attributes["groups"]),
    )
    which = chance.randrange(len(kinds))
    return Named(f"{which} {word!r}", kinds[which])
