"""Cases with a value of each kind, at the edges of its type; `set_up_django` comes before this module."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.django.in_process import empty
from tests.django.kinds.models import Case, City, Comment, Detail, Label, Office

#: A value of each field for each case; what is missing is NULL.
VALUES: list[dict[str, Any]] = [
    {},
    {
        "title": "Wi-Fi",
        "notes": 'a\nb, "c"; d',
        "small": 1,
        "count": 42,
        "big": 2**53 + 1,
        "cost": Decimal("12.50"),
        "ratio": 0.1,
        "is_urgent": True,
        "due_on": date(2026, 3, 1),
        "at": time(9, 30),
        "seen_at": datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
        "key": UUID("6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"),
        "address": "192.168.0.1",
        "file": "files/a.txt",
        "level": 2,
        "mood": "angry",
        "grouped": "lp",
        "custom": {"color": "red", "tags": ["b", "a"], "n": 12.5, "on": True, "deep": {"b": 1, "aa": [1, "ä"]}},
    },
    {
        "title": "=1+1",
        "notes": "",
        "small": -(2**15),
        "count": 0,
        "big": -(2**63),
        "cost": Decimal("-0.05"),
        "ratio": -2.5,
        "is_urgent": False,
        "due_on": date(1, 1, 1),
        "at": time(23, 59, 59, 999_999),
        "seen_at": datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "key": UUID(int=0),
        "address": "2001:db8::1",
        "file": "=x",
        "level": 1,
        "mood": "calm",
        "grouped": "none",
        "custom": {"color": None, "tags": [], "n": 0, "on": False, "deep": "=1", "1": "one"},
    },
    {
        "title": "100% \\ :x ''",
        "notes": "ÄRGER 😀",
        "small": 7,
        "count": 7,
        "big": 7,
        "cost": Decimal("9999999999.99"),
        "ratio": 1e300,
        "is_urgent": True,
        "due_on": date(9999, 12, 31),
        "at": time(0),
        "seen_at": datetime(2026, 7, 1, 4, 59, tzinfo=UTC),
        "key": UUID(int=255),
        "address": "::1",
        "file": "",
        "level": 9,
        "mood": "other",
        "grouped": "cd",
        "custom": {"color": "50% \\ \"q\" 'x' :y ä", "tags": ["=2", "x, y", "é"], "n": -1e20, "on": "true", "deep": []},
    },
    {"title": "a list", "custom": ["x", {"color": 1}], "count": 7},
]
#: The labels, and which the cases have; the two last are equal in all but their key.
LABELS = [("vpn", "1.50"), ("=evil", "10"), ("Äpfel", "2"), ("alpha", "0.05"), ("vpn", "1.5")]
OF_CASES = [[], [0, 1, 2, 3], [4, 0], [1], [2]]


def fill(alias: str) -> list[Case]:
    """Replace all rows; return the cases in the order of their keys."""
    empty(alias)
    city = City.objects.using(alias).create(name="Łódź")
    offices = [
        Office.objects.using(alias).create(title="North", city=city),
        Office.objects.using(alias).create(title="No town", city=None),
    ]
    labels = [Label.objects.using(alias).create(name=name, weight=Decimal(weight)) for name, weight in LABELS]
    cases = []
    for number, (values, own) in enumerate(zip(VALUES, OF_CASES, strict=True)):
        office = None if number == 0 else offices[number % 2]
        case = Case.objects.using(alias).create(office=office, **values)
        case.labels.set([labels[each] for each in own])
        for place in range(number):
            Comment.objects.using(alias).create(
                case=case, text=f"{'zyx'[place % 3]}: {number}%", pinned_on=date(2026, 1, 5 - place)
            )
        if number % 2:
            Detail.objects.using(alias).create(case=case, code=f"D{number}")
        cases.append(case)
    return cases
