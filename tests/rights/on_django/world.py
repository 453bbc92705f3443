"""Random rows: texts that a driver, a database or a spreadsheet could mistake for something else, and NULLs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection

from tests.rights.on_django.models import FAMILIES, OWN_MODELS, Profile, Tag, Team

ODD: Final = (
    "", " ", "plain", "Plain", "O'Brien", 'say "hi"', "100%", "50%s off", "%(x)s", "%%", "%", ":p0", ":p1", "a:b::c",
    "\\:p0", "=1+1", "+1", "-x", "@cmd", "\t=1", "Zażółć", "STRASSE ß", "İi", "日本語", "😀", "a,b;c\td", "two\nlines",
    "null", "\\", "_%_", "\u202eabc", "x\x7f", "$1", "?", "{}", "__[POSTCOMPILE_p0_1]", "%(p0_1)s",
    "[0]", "a.b", "1", "true", "'; DROP TABLE x; --",
)  # fmt: skip
NAMES: Final = ("north", "south", "O'Brien", "100%", ":p0", "Zażółć", "")
#: Keys of JSON objects.
KEYS: Final = ("region", "level", "a b", "100%", ":p0", "it's", "ż", "list", "0")
TOKENS: Final = tuple(UUID(int=each) for each in (0xA, 0xB, 2**127 + 5))
OPENED: Final = tuple(
    datetime(*each, tzinfo=UTC)
    for each in (
        (2024, 2, 29, 23, 59, 59), (2025, 12, 31, 22, 30), (2026, 1, 1, 1, 30), (2026, 1, 1, 3, 0), (2100, 1, 1),
        (2026, 3, 15, 12, 0, 1), (2026, 3, 15, 2, 59, 59, 999_999),
    )
)  # fmt: skip
DAYS: Final = (date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 14))
_NULL: Final = (None, None)


def create_tables() -> None:
    """Create the tables of this application, which has no migrations."""
    with connection.schema_editor() as editor:
        for model in OWN_MODELS:
            editor.create_model(model)


def a_value(chance: Random, depth: int = 2) -> Any:
    """Return a random JSON value."""
    leaf = chance.choice((None, True, False, 0, 1, 2, -3, 1.5, "1", *ODD[:12], *NAMES))
    if not depth or chance.random() < 0.6:
        return leaf
    if chance.random() < 0.5:
        return [a_value(chance, depth - 1) for _ in range(chance.randrange(3))]
    return {key: a_value(chance, depth - 1) for key in chance.sample(KEYS, chance.randrange(4))}


def fill(chance: Random, faults: int = 14) -> None:
    """Replace all rows by random ones: users, teams, tags, and `faults` rows of each kind of fault."""
    for model in reversed(OWN_MODELS):
        model._base_manager.all().delete()
    Group.objects.all().delete()
    groups = [Group.objects.create(name=f"{name} {place}") for place, name in enumerate(NAMES[:5])]
    # Its members may export.
    groups[0].permissions.set(Permission.objects.filter(codename="import_export_tickets"))
    # They have exports, so they stay.
    users = [get_user_model()._default_manager.get_or_create(username=f"user {place}")[0] for place in range(4)]
    for user in users:
        Profile.objects.create(
            user=user,
            region=chance.choice((None, *NAMES)),
            level=chance.choice((None, 0, 1, 2, 3)),
            token=chance.choice((None, *TOKENS)),
        )
    teams: list[Team] = []
    for place in range(4):
        teams.append(
            Team.objects.create(
                name=f"{chance.choice(NAMES)}{place}",
                region=chance.choice((None, *NAMES)),
                parent=chance.choice((None, *teams)),
                lead=chance.choice((None, *users)),
                group=chance.choice((None, *groups)),
            )
        )
    tags = [Tag.objects.create(name=name) for name in (*NAMES, "north")]
    for model, comments, contracts in FAMILIES:
        _fill(chance, faults, (model, comments, contracts), users, teams, tags)


def _fill(
    chance: Random, faults: int, family: tuple[Any, Any, Any], users: list[Any], teams: list[Team], tags: list[Tag]
) -> None:
    model, comments, contracts = family
    for number in range(1, faults + 1):
        key = {"code": f"{chance.choice(ODD)}#{number}"} if model.__name__ == "TextFault" else {}
        fault = model._base_manager.create(
            **key,
            number=number,
            title=chance.choice(ODD) + chance.choice(ODD),
            note=chance.choice((None, *ODD)),
            state=chance.choice((None, "", "new", "open", "gone")),
            priority=chance.choice((None, 1, 2, 3)),
            rank=chance.randint(-2, 3),
            cost=chance.choice((None, Decimal("0.00"), Decimal("-1.10"), Decimal("2.50"), Decimal("99999999.99"))),
            rate=chance.choice((None, 0.0, 0.1, -2.5)),
            is_secret=chance.choice((None, True, False)),
            is_removed=chance.random() < 0.15,
            due_on=chance.choice((*_NULL, *DAYS)),
            opened_at=chance.choice(OPENED),
            closed_at=chance.choice((*_NULL, *(each + timedelta(days=chance.randint(-1, 2)) for each in OPENED))),
            waiting=chance.choice((None, timedelta(0), timedelta(hours=5), timedelta(days=-3, microseconds=1))),
            token=chance.choice((None, *TOKENS)),
            packed=chance.choice((None, b"", b"%s:p0'\x00\xff")),
            custom=chance.choice(
                (None, {}, *(a_value(chance) for _ in range(3)), _an_object(chance), _an_object(chance))
            ),
            team=chance.choice((*_NULL, *teams)),
            owner=chance.choice((*_NULL, *users)),
        )
        fault.tags.set(chance.sample(tags, chance.choice((0, 0, 1, 2, 4))))
        fault.watchers.set(chance.sample(users, chance.choice((0, 1, 2))))
        for _ in range(chance.choice((0, 0, 1, 3))):
            comments.objects.create(
                fault_id=fault.pk,
                text=chance.choice(ODD),
                author=chance.choice((None, *users)),
                is_internal=chance.random() < 0.5,
                score=chance.choice((None, 0, 1, 2)),
            )
        if chance.random() < 0.5:
            contracts.objects.create(fault_id=fault.pk, amount=chance.choice((None, 0, 10, 20)))


def _an_object(chance: Random) -> dict[str, Any]:
    return {
        "region": chance.choice((None, *NAMES)),
        "level": chance.choice((None, 0, 1, 2, "2")),
        chance.choice(KEYS): a_value(chance, 1),
    }
