"""Conditions on columns of a fault, of what it refers to, and in its JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from django.db import connection, models
from django.db.models import BooleanField, Case, F, Q, Value, When
from django.db.models.functions import (
    Coalesce,
    Concat,
    ExtractYear,
    Length,
    Lower,
    Now,
    TruncDate,
    TruncMonth,
    Upper,
)
from django.db.models.lookups import GreaterThan, IsNull

from tests.rights.on_django.makers import Constant, Family, a_text, fixed
from tests.rights.on_django.world import DAYS, KEYS, NAMES, ODD, OPENED, TOKENS
from ticket_export import Actor


def text_lookup(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field = chance.choice(
        ("title", "note", "team__name", "owner__username", "custom__region", "comments__text", "tags__name")
    )
    lookup = chance.choice(
        (
            "exact",
            "iexact",
            "contains",
            "icontains",
            "startswith",
            "istartswith",
            "endswith",
            "iendswith",
            "gt",
            "lte",
            "ne",
        )
    )
    if lookup == "ne":
        return Constant(~Q(**{field: a_text(chance)}))
    return fixed(**{f"{field}__{lookup}": a_text(chance)})


def regex(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    pattern = chance.choice(
        ("^.%", "[:'\"]", "a|b", r"\d", "(north|ż)", re.escape(chance.choice(ODD[:10])), "^$", "%[sd(]")
    )
    return fixed(
        **{f"{chance.choice(('title', 'note', 'team__region'))}__{chance.choice(('regex', 'iregex'))}": pattern}
    )


def in_list(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, values = chance.choice(
        (
            ("state", ("new", "open", "gone", "")),
            ("title", ODD),
            ("priority", (1, 2, 3)),
            ("cost", (Decimal("0.00"), Decimal("2.5"), Decimal("-1.1"))),
            ("token", TOKENS),
            ("due_on", DAYS),
            ("opened_at", OPENED),
            ("custom__level", (0, 1, "2", None)),
            ("tags__name", NAMES),
            ("team__region", (*NAMES, None)),
        )
    )
    chosen = chance.sample(values, chance.choice((0, 1, 1, 2, 3)))
    return fixed(**{f"{field}__in": chance.choice((list, tuple, set))(chosen)})


def null_test(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field = chance.choice(
        ("note", "state", "priority", "cost", "is_secret", "due_on", "closed_at", "team", "owner", "tags", "watchers",
         "comments", "contract", "contract__amount", "team__region", "team__parent__lead", "custom", "custom__level",
         "owner__profile__token", "comments__author", "packed", "waiting")
    )  # fmt: skip
    return fixed(**{f"{field}__isnull": chance.random() < 0.5})


def number(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, value = chance.choice(
        (
            ("priority", chance.randint(0, 3)), ("rank", chance.randint(-2, 3)), ("doubled", chance.randint(-4, 6)),
            ("cost", Decimal(chance.choice(("-1.10", "0", "2.50")))), ("rate", chance.choice((0.1, -2.5, 0.0))),
            ("contract__amount", 10), ("comments__score", 1), ("waiting", timedelta(hours=chance.choice((-80, 0, 5)))),
            ("custom__level", 1), ("team__parent__lead__profile__level", 1),
        )
    )  # fmt: skip
    lookup = chance.choice(("exact", "gt", "gte", "lt", "lte", "range"))
    return fixed(
        **{
            f"{field}__{lookup}": (value, value + (value * 0 if field != "waiting" else timedelta(1)))
            if lookup == "range"
            else value
        }
    )


def other_value(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, value = chance.choice(
        (
            ("is_secret", True), ("is_secret", False), ("is_secret", None), ("token", chance.choice(TOKENS)),
            ("packed", b"%s:p0'\x00\xff"), ("packed", b""), ("custom", None), ("custom", {}),
            ("custom", Value(None, models.JSONField())), ("tags", None), ("comments__is_internal", True),
            ("comments__is_internal", False),
        )
    )  # fmt: skip
    return fixed(**{field: value})


def json_key(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    key = chance.choice(KEYS)
    kinds: list[Callable[[], Any]] = [
        lambda: Q(**{f"custom__{key}": chance.choice((None, 1, True, 1.5, *NAMES, [1], {}))}),
        lambda: Q(custom__has_key=key),
        lambda: Q(custom__has_keys=chance.sample(KEYS, 2)),
        lambda: Q(custom__has_any_keys=chance.sample(KEYS, chance.randint(1, 3))),
        lambda: Q(**{f"custom__{key}__isnull": chance.random() < 0.5}),
        lambda: Q(**{f"custom__{key}__{chance.choice(('icontains', 'startswith', 'iexact'))}": a_text(chance)}),
        lambda: Q(**{f"custom__{key}__0": chance.choice((1, "north", None))}),
        lambda: Q(custom__list__1__region=chance.choice(NAMES)),
        lambda: Q(**{f"custom__{key}__gte": chance.choice((0, 1))}),
    ]
    if connection.vendor == "postgresql":
        kinds += [
            lambda: Q(custom__contains={key: chance.choice((1, None, *NAMES))}),
            lambda: Q(custom__contained_by={"region": "100%", "level": 1, key: None}),
        ]
    return Constant(chance.choice(kinds)())


_PARTS: Final = ("hour", "minute", "day", "week_day", "quarter", "iso_year", "week")


def moment(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    when, day = chance.choice(OPENED), chance.choice(DAYS)
    field = chance.choice(("opened_at", "closed_at"))
    kinds: list[Callable[[], Any]] = [
        lambda: Q(**{f"{field}__{chance.choice(('exact', 'lt', 'gte'))}": when}),
        lambda: Q(**{f"{field}__date": day}),
        lambda: Q(**{f"{field}__date__gte": day}),
        lambda: Q(**{f"{field}__year": chance.choice((2024, 2025, 2026))}),
        lambda: Q(**{f"{field}__month__in": [1, 12]}),
        lambda: Q(**{f"{field}__{chance.choice(_PARTS)}__gt": 2}),
        lambda: Q(**{f"{field}__range": (min(when, OPENED[2]), max(when, OPENED[2]))}),
        lambda: Q(**{f"{field}__time__gte": when.time()}),
        lambda: Q(due_on__year__lte=2025),
        lambda: Q(due_on__week_day=chance.randint(1, 7)),
        lambda: Q(due_on__gt=day),
        lambda: Q(**{f"{field}__lt": Now()}),
        lambda: Q(closed_at__gt=F("opened_at") + timedelta(days=1, microseconds=1)),
        lambda: Q(closed_at__date=F("due_on")),
        lambda: Q(due_on__gte=TruncDate("opened_at")),
        lambda: Q(closed_at__gte=TruncMonth("opened_at")),
        lambda: Q(opened_at__year=ExtractYear("due_on")),
        lambda: Q(closed_at__lt=F("opened_at") + F("waiting")),
    ]  # fmt: skip
    return Constant(chance.choice(kinds)())


def between_columns(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    return Constant(
        chance.choice(
            (
                Q(priority__gte=F("rank")), Q(cost__gt=F("priority") * 2), Q(owner=F("team__lead")), Q(title=F("note")),
                Q(rank__lt=F("contract__amount") - 8), Q(comments__author=F("owner")), Q(note__icontains=F("title")),
                Q(priority=F("doubled") / 2), Q(custom__level=F("rank")), Q(rank=F("priority") % 2),
                Q(GreaterThan(F("priority"), F("rank") + 1)), Q(IsNull(F("note"), True)),
                Q(title__iexact=Upper("title")), Q(note=Coalesce("note", Value("100% :p0"))),
                Q(title__contains=Concat(Value("%"), Lower("state"))), Q(note__lt=Concat("title", Value(":x %s"))),
                Q(GreaterThan(Length("title"), 5)), Q(Case(When(rank__gt=0, then=Value(True)), default="is_secret")),
                Q(Case(When(Q(title__contains="%") & ~Q(note=""), then=True), output_field=BooleanField())),
            )
        )
    )  # fmt: skip
