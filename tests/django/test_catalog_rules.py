"""The row rule: exactly the rows of Django's ORM, on both databases, or an error; never more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed_zone
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest

from tests.django.in_process import SERVER, SQLITE, set_up_django

set_up_django()

from django.db import connections  # noqa: E402
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, Value  # noqa: E402
from django.db.models.functions import Length, Lower  # noqa: E402
from django.db.models.lookups import GreaterThan  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.django.cases import fill  # noqa: E402
from tests.django.kinds.models import Case, Comment, Label, Office  # noqa: E402
from tests.django.read_catalog import cells  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import catalog_for, column  # noqa: E402
from ticket_export.errors import ConfigurationError, StaleViewError, TicketSourceError  # noqa: E402
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog  # noqa: E402
from ticket_export.infrastructure.django.databases import engine_of  # noqa: E402
from ticket_export.testing.entities import AN_ACTOR  # noqa: E402

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Conditions, each with what Django does with it on both databases.
CONDITIONS: dict[str, Any] = {
    "text": Q(title="Wi-Fi"),
    "percent, backslash, colon, quote": Q(title="100% \\ :x ''"),
    "pattern": Q(title__contains="% \\ :"),
    "percent pattern": Q(title__icontains="%"),
    "iregex": Q(title__iregex=r"^w.\-f[i]$"),
    "regex with a backslash": Q(title__regex=r"\+1$"),
    "starts with an equals sign": Q(title__startswith="="),
    "integer": Q(count=42),
    "many integers": Q(count__in=[0, 7]),
    "a tuple": Q(pk__in=(1, 2)),
    "no integers": Q(count__in=[]),
    "none of no integers": ~Q(count__in=[]),
    "largest integer": Q(big__gte=2**53 + 1),
    "out of range": Q(small__gt=2**40),
    "decimal": Q(cost__gte=Decimal("12.50")),
    "float": Q(ratio__lt=0.2),
    "boolean": Q(is_urgent=True),
    "not": ~Q(is_urgent=True),
    "null": Q(office__isnull=True),
    "day": Q(due_on=date(2026, 3, 1)),
    "month": Q(due_on__month=3),
    "week day": Q(seen_at__week_day=1),
    "hour in the zone": Q(seen_at__hour=17),
    "day in the zone": Q(seen_at__date=date(2026, 6, 30)),
    "year in the zone": Q(seen_at__year=1999),
    "moment": Q(seen_at__gte=NOON),
    "moment of another zone": Q(seen_at__lt=NOON.astimezone(fixed_zone(timedelta(hours=9)))),
    "range of moments": Q(seen_at__range=(NOON, NOON + timedelta(days=1))),
    "time of day": Q(at__gte=time(9, 30)),
    "uuid": Q(key=UUID(int=255)),
    "uuids": Q(key__in=[UUID(int=255), UUID(int=0)]),
    "address": Q(address="::1"),
    "choice": Q(mood="angry"),
    "json": Q(custom__color="red"),
    "json of null": Q(custom__color=None),
    "json key": Q(custom__has_key="color"),
    "json list": Q(custom__tags__0="b"),
    "json text with quotes": Q(custom__color__icontains="\"q\" 'x' :y"),
    "json number": Q(custom__n__gt=1),
    "foreign key": Q(office=1),
    "relation": Q(office__city__name__startswith="Ł"),
    "many": Q(labels__name__in=["vpn", "=evil"]),
    "not many": ~Q(labels__name="vpn"),
    "two of many": Q(labels__name="vpn") & Q(comments__text__contains="%"),
    "or": Q(labels__name="=evil") | Q(count=0) | Q(title__endswith="''"),
    "xor": Q(count=7) ^ Q(is_urgent=True),
    "other column": Q(count__gt=F("small")),
    "subquery": Q(office__in=Office.objects.filter(city__isnull=True)),
    "own subquery": Q(pk__in=Case.objects.filter(labels__weight__gt=5)),
    "exists": Exists(Comment.objects.filter(case=OuterRef("pk"), text__startswith="x: 3%")),
    "not exists": ~Exists(Label.objects.filter(cases=OuterRef("pk"))),
    "Q of exists": Q(Exists(Comment.objects.filter(case=OuterRef("pk")))) & ~Q(count=7),
    "lookup": GreaterThan(Length("title"), 5),
    "wrapped": ExpressionWrapper(Q(count=7), output_field=BooleanField()),
    "transform": Q(Exists(Case.objects.filter(pk=OuterRef("pk")).alias(low=Lower("title")).filter(low="wi-fi"))),
    "true": Value(True),
    "false": Value(False),
}


@attrs.frozen
class Desk:
    """The cases of one database, which no test changes."""

    alias: str

    def catalog(self, rule: Any, **more: Any) -> DjangoTicketCatalog:
        rows = Case.objects.using(self.alias)
        return catalog_for(rows, **{"columns": ["id"], "visible_to": rule} | more)

    def shown(self, rule: Any) -> list[str]:
        return cells(self.catalog(rule))

    def wanted(self, condition: Any) -> list[str]:
        rows = Case.objects.using(self.alias)
        return [str(pk) for pk in sorted(set(rows.filter(condition).values_list("pk", flat=True)))]


@pytest.fixture(scope="module")
def _filled(desk_databases: tuple[str, str]) -> None:
    for alias in desk_databases:
        fill(alias)


@pytest.fixture(params=[SQLITE, SERVER])
def desk(request: pytest.FixtureRequest, _filled: None) -> Desk:
    return Desk(request.param)


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_rows_are_those_of_the_orm(desk: Desk, name: str) -> None:
    condition = CONDITIONS[name]
    assert desk.shown(lambda _: condition) == desk.wanted(condition)


def test_the_conditions_are_met_by_some_tickets_and_not_by_others(desk: Desk) -> None:
    every = len(desk.wanted(Q()))
    counts = {name: len(desk.wanted(condition)) for name, condition in CONDITIONS.items()}
    assert {name for name, count in counts.items() if count in {0, every}} == {
        *("no integers", "none of no integers", "out of range", "true", "false"),
    }


def test_each_actor_sees_what_their_own_facts_say(desk: Desk) -> None:
    catalog = desk.catalog(lambda actor: Q(labels__name__in=actor.attributes["labels"]))

    def shown(*labels: str) -> list[str]:
        return cells(catalog, actor=attrs.evolve(AN_ACTOR, attributes={"labels": labels}))

    for labels in [(), ("vpn",), ("vpn", "=evil"), ("%s", ":p0", "\\")]:
        assert shown(*labels) == desk.wanted(Q(labels__name__in=labels))


def test_a_rule_may_return_a_queryset_of_the_model(desk: Desk) -> None:
    assert desk.shown(lambda _: Case.objects.filter(labels__name="vpn")) == desk.wanted(Q(labels__name="vpn"))
    assert desk.shown(lambda _: Case.objects.using(desk.alias).filter(count=7)) == desk.wanted(Q(count=7))
    # The order says which ones these are.
    assert desk.shown(lambda _: Case.objects.order_by("-pk")[:2]) == desk.wanted(Q())[-2:]
    assert desk.shown(lambda _: Case.objects.none()) == []
    assert desk.shown(lambda _: Case.objects.all()) == desk.wanted(Q())


def test_every_row_is_every_row(desk: Desk) -> None:
    for rule in (EVERY_ROW, lambda _: EVERY_ROW, None):
        assert desk.shown(rule) == desk.wanted(Q())


def test_the_rule_narrows_the_rows_of_the_queryset(desk: Desk) -> None:
    rows = Case.objects.using(desk.alias).filter(labels__name="vpn")
    catalog = catalog_for(rows, columns=["id"], visible_to=lambda _: Q(count=42) | Q(count=7))
    assert cells(catalog) == desk.wanted(Q(labels__name="vpn") & Q(count__in=[7, 42]))


def test_the_zone_of_a_request_does_not_move_the_rows_of_a_rule(desk: Desk) -> None:
    condition = Q(seen_at__date=date(2026, 6, 30))
    wanted = desk.wanted(condition)
    with timezone.override("Asia/Tokyo"):
        assert desk.shown(lambda _: condition) == wanted != desk.wanted(condition)


def test_the_zone_of_the_database_does_not_move_the_rows_of_a_rule(desk: Desk) -> None:
    if desk.alias == SQLITE:
        assert desk.shown(lambda _: CONDITIONS["hour in the zone"]) == desk.wanted(CONDITIONS["hour in the zone"])
        return
    name = connections[SERVER].settings_dict["NAME"]
    with connections[SERVER].cursor() as cursor:
        cursor.execute(f"ALTER DATABASE \"{name}\" SET timezone TO 'Asia/Tokyo'")
    try:
        engine_of(SERVER).dispose()
        for each in (*(name for name in CONDITIONS if "zone" in name), "moment", "week day"):
            assert desk.shown(lambda _, each=each: CONDITIONS[each]) == desk.wanted(CONDITIONS[each])
    finally:
        with connections[SERVER].cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RESET timezone')
        engine_of(SERVER).dispose()


#: What a rule must not return, and the error.
WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda _: None, "returned NoneType; return a Q"),
    "true": (lambda _: True, "returned bool; return a Q"),
    "a list": (lambda _: [1, 2], "returned list; return a Q"),
    "a text": (lambda _: "id = 1", "returned str; return a Q"),
    "a number": (lambda _: Value(1), "returned Value; return a Q"),
    "a column": (lambda _: F("is_urgent"), "returned F; return a Q"),
    "a coroutine": (lambda _: Case, "returned ModelBase; return a Q"),
    "empty": (lambda _: Q(), r"returned an empty Q\(\), with which Django would show every row; return EVERY_ROW"),
    "not empty": (lambda _: ~Q(), r"returned an empty Q\(\)"),
    "empty in empty": (lambda _: Q(Q(), Q(Q())), r"returned an empty Q\(\)"),
    "unknown field": (lambda _: Q(tema=1), "returned a condition that Django refuses: Cannot resolve keyword 'tema'"),
    "unknown lookup": (lambda _: Q(title__like=1), "returned a condition that Django refuses: Unsupported lookup"),
    "wrong value": (lambda _: Q(count="many"), "raised ValueError$"),
    "other model": (lambda _: Label.objects.all(), "returned a queryset of kinds.Label; return one of kinds.Case"),
    "values": (lambda _: Case.objects.values("office"), r"returned a queryset of kinds.Case with values\(\)"),
    "union": (lambda _: Case.objects.all().union(Case.objects.all()), r"returned a union\(\); return a Q"),
    "missing attribute": (lambda actor: Q(office__in=actor.attributes["teams"]), "needs the attribute 'teams'"),
    "error": (lambda _: 1 / 0, "raised ZeroDivisionError$"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_says_anything_else_is_an_error(desk: Desk, name: str) -> None:
    rule, message = WRONG[name]
    with pytest.raises(ConfigurationError, match=message) as caught:
        desk.shown(rule)
    assert "visible_to" in str(caught.value)


def test_a_queryset_of_another_database_is_an_error(desk: Desk) -> None:
    other = SERVER if desk.alias == SQLITE else SQLITE
    with pytest.raises(ConfigurationError, match=f"a queryset of the database '{other}'; the tickets are in"):
        desk.shown(lambda _: Case.objects.using(other))
    with pytest.raises(ConfigurationError, match=r"raised ValueError$"):
        desk.shown(lambda _: Q(pk__in=Case.objects.using(other)))


@pytest.mark.parametrize("text", ["\ud800", "Wi-Fi\ud800"])
def test_text_that_no_database_has_shows_nothing(desk: Desk, text: str) -> None:
    for rule in (Q(title=text), ~Q(title=text)):
        with pytest.raises(TicketSourceError, match="could not be read"):
            desk.shown(lambda _, rule=rule: rule)


def test_a_column_exists_only_for_those_who_may_see_it(desk: Desk) -> None:
    catalog = desk.catalog(
        EVERY_ROW, columns=["id", column("cost", label="Cost", visible_to=lambda actor: actor.is_admin)]
    )
    admin = attrs.evolve(AN_ACTOR, is_admin=True)
    staff = attrs.evolve(AN_ACTOR, is_admin=False)
    assert [each.label for each in catalog.visible_to_actor(admin).columns] == ["ID", "Cost"]
    assert [each.label for each in catalog.visible_to_actor(staff).columns] == ["ID"]
    assert cells(catalog, actor=admin, columns=["cost"])[1] == "12.50"
    with pytest.raises((StaleViewError, ValueError), match="cost"):
        cells(catalog, actor=staff, columns=["cost"])
