"""Each kind of field: the same bytes on both databases, the values of Django's ORM, sort and filter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from tests.django.in_process import SERVER, SQLITE, set_up_django

set_up_django()

from django.db.models import (  # noqa: E402  # noqa: E402
    Avg,
    BooleanField,
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FloatField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Lower, TruncDate, Upper  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.django.cases import fill  # noqa: E402
from tests.django.kinds.models import Case as Ticket  # noqa: E402
from tests.django.kinds.models import Comment, Label  # noqa: E402
from tests.django.read_catalog import cells, records, written  # noqa: E402
from ticket_export import unguard  # noqa: E402
from ticket_export.application.formats.ndjson_format import NdjsonFormat  # noqa: E402
from ticket_export.application.formats.xlsx_format import XlsxFormat  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import catalog_for  # noqa: E402
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog  # noqa: E402

ZONE: Any = timezone.get_default_timezone()


def text(value: Any) -> str:
    """What a cell shows of a value of the ORM, before the guard."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        case time():
            return value.strftime("%H:%M:%S")
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case Decimal():
            return f"{value:f}"
    return str(value)


def json_value(*keys: str | int) -> Callable[[Any], str]:
    """The rule of `JsonText`, in Python, for the documents of the test."""

    def shown(ticket: Any) -> str:
        found = ticket.custom
        for key in keys:
            try:
                found = found[key]
            except (LookupError, TypeError):
                return ""
        if isinstance(found, str) or found is None:
            return found or ""
        return EXPECTED_JSON.get(repr(found), text(found))

    return shown


#: Documents as PostgreSQL writes them.
EXPECTED_JSON = {
    "['b', 'a']": "b, a",
    "[]": "",
    "['=2', 'x, y', 'é']": "=2, x, y, é",
    "{'b': 1, 'aa': [1, 'ä']}": '{"b":1,"aa":[1,"ä"]}',
    "-1e+20": "-100000000000000000000",
    "{'color': 1}": '{"color":1}',
}


def joined(values: Any) -> str:
    return ", ".join(map(text, sorted(values)))


def by_field(path: str) -> Callable[[Any], str]:
    def shown(ticket: Any) -> str:
        for name in path.split("__"):
            ticket = None if ticket is None else getattr(ticket, name, None)
        return text(ticket)

    return shown


#: For each path, its text by the ORM.
PATHS: dict[str, Callable[[Any], str]] = {
    **{
        path: by_field(path)
        for path in (
            *("id", "pk", "title", "notes", "small", "count", "big", "cost", "ratio", "is_urgent", "due_on", "at"),
            *("seen_at", "key", "address", "file", "doubled", "created_at", "office_id", "office__id"),
            *(
                "office__pk",
                "office__title",
                "office__city__name",
                "office__city_id",
                "detail__code",
                "detail__case_id",
            ),
        )
    },
    "level": lambda ticket: text(ticket.get_level_display()),
    "mood": lambda ticket: text(ticket.get_mood_display()),
    "grouped": lambda ticket: text(ticket.get_grouped_display()),
    "labels__name": lambda ticket: joined(each.name for each in ticket.labels.all()),
    "labels__weight": lambda ticket: joined(each.weight for each in ticket.labels.all()),
    "comments__text": lambda ticket: joined(each.text for each in ticket.comments.all()),
    "comments__pinned_on": lambda ticket: joined(each.pinned_on for each in ticket.comments.all()),
    "office__cases__title": lambda ticket: (
        joined(each.title for each in ticket.office.cases.all()) if ticket.office else ""
    ),
    "seen_at__date": lambda ticket: text(ticket.seen_on),
    "seen_at__year": lambda ticket: text(ticket.seen_at and ticket.seen_at.astimezone(ZONE).year),
    "due_on__month": lambda ticket: text(ticket.due_on and ticket.due_on.month),
    "custom__color": json_value("color"),
    "custom__tags": json_value("tags"),
    "custom__tags__0": json_value("tags", 0),
    "custom__tags__-1": json_value("tags", -1),
    "custom__n": json_value("n"),
    "custom__on": json_value("on"),
    "custom__deep": json_value("deep"),
    "custom__deep__aa__1": json_value("deep", "aa", 1),
    "custom__1__color": json_value(1, "color"),
    "custom__absent": json_value("absent"),
    # The annotations of `tickets`.
    "lower": lambda ticket: text(ticket.lower),
    "labelled": lambda ticket: text(ticket.labelled),
    "is_big": lambda ticket: text(ticket.is_big),
    "average": lambda ticket: text(ticket.average),
    "total": lambda ticket: text(ticket.total),
    "last_text": lambda ticket: text(ticket.last_text),
    "of_json__tags__0": json_value("tags", 0),
    "share": lambda ticket: text(ticket.share),
}


def tickets(alias: str) -> Any:
    comments = Comment.objects.filter(case=OuterRef("pk"))
    return Ticket.objects.using(alias).annotate(
        seen_on=TruncDate("seen_at"),
        lower=Lower("mood"),
        labelled=Concat("title", Value(": 100% :p0 \\:x")),
        is_big=Case(When(Q(count__gt=10), then=True), default=False, output_field=BooleanField()),
        average=Subquery(comments.values("case").annotate(a=Avg("case__count")).values("a")[:1]),
        total=Subquery(comments.values("case").annotate(a=Sum("case__count")).values("a")[:1]),
        last_text=Subquery(comments.order_by("-text").values("text")[:1]),
        of_json=F("custom"),
        share=F("count") / Value(4.0, output_field=FloatField()),
    )


def catalog(alias: str, *paths: str) -> DjangoTicketCatalog:
    return catalog_for(tickets(alias), columns=paths, created_at="created_at", visible_to=EVERY_ROW)


@pytest.fixture(scope="module")
def filled(desk_databases: tuple[str, str]) -> dict[str, list[Any]]:
    """The tickets in each database, as the ORM reads them; they are only read."""
    for alias in desk_databases:
        fill(alias)
    # Not the moment of the test, which differs.
    for alias in desk_databases:
        Ticket.objects.using(alias).update(created_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    return {alias: list(tickets(alias).order_by("pk")) for alias in desk_databases}


@pytest.fixture(params=[SQLITE, SERVER])
def each(request: pytest.FixtureRequest, filled: dict[str, list[Any]]) -> str:
    return str(request.param)


@pytest.mark.parametrize("path", PATHS)
def test_a_cell_shows_the_value_of_the_orm(each: str, filled: dict[str, list[Any]], path: str) -> None:
    wanted = [PATHS[path](ticket) for ticket in filled[each]]
    found = cells(catalog(each, path))
    assert [unguard(cell) for cell in found] == wanted
    assert any(wanted) or path == "custom__absent"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("file_format", [None, NdjsonFormat(), XlsxFormat()], ids=["csv", "ndjson", "xlsx"])
def test_both_databases_give_the_same_bytes(filled: dict[str, list[Any]], path: str, file_format: Any) -> None:
    assert len(filled) == 2
    chosen = {} if file_format is None else {"file_format": file_format}
    assert written(catalog(SQLITE, path), **chosen) == written(catalog(SERVER, path), **chosen)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("path", PATHS)
def test_both_databases_sort_alike(filled: dict[str, list[Any]], path: str, direction: str) -> None:
    view: dict[str, Any] = {"columns": ["id"], "sortField": path, "sortDirection": direction}
    found = [cells(catalog(alias, path, *({"id"} - {path})), **view) for alias in (SQLITE, SERVER)]
    assert found[0] == found[1]
    assert len(found[0]) == len(filled[SQLITE])


@pytest.mark.parametrize("path", PATHS)
def test_a_filter_by_the_shown_value_finds_the_tickets_that_show_it(
    each: str, filled: dict[str, list[Any]], path: str
) -> None:
    made = catalog(each, path, *({"id"} - {path}))
    (described,) = (column for column in made.describe() if column.name == path)
    for ticket in filled[each]:
        shown = PATHS[path](ticket)
        same = [str(other.pk) for other in filled[each] if PATHS[path](other) == shown]
        if described.kind == "choice" and shown not in {choice.label for choice in described.choices}:
            continue
        if path == "ratio" and "e+" in shown:
            # No filter takes so large a number.
            continue
        operator, value = _operator_and_value(described.kind, shown)
        if operator is None:
            continue
        if operator == "is_on_or_before":
            texts = [(other.pk, PATHS[path](other)) for other in filled[each]]
            same = [str(pk) for pk, each_text in texts if each_text and each_text <= shown]
        one = {"field": path, "operator": operator} | ({} if value is None else {"value": value})
        assert cells(made, columns=["id"], filters=[one]) == same, one


def _operator_and_value(kind: str, shown: str) -> tuple[str | None, str | None]:
    if kind == "boolean":
        # They have no operator for an empty cell.
        return {"true": "is_true", "false": "is_false"}.get(shown), None
    if not shown:
        return "is_empty", None
    return ("is_on_or_before", shown.replace(" ", "T")) if kind in {"date", "day"} else ("eq", shown)


def test_a_search_looks_at_labels_lists_and_json(each: str, filled: dict[str, list[Any]]) -> None:
    made = catalog_for(
        Ticket.objects.using(each),
        columns=["id", "mood", "labels__name", "custom__color", "count"],
        search=["mood", "labels__name", "custom__color", "count"],
        visible_to=EVERY_ROW,
    )

    def found(term: str) -> list[str]:
        return [record[0] for record in records(made, searchTerm=term)]

    ids = [str(ticket.pk) for ticket in filled[each]]
    assert found("50% \\ MORE") == [ids[1]]
    assert found("äPFEL") == [ids[1], ids[4]]
    assert found("x' :Y") == [ids[3]]
    assert found("42") == [ids[1]]


def test_no_cell_of_a_joined_list_begins_a_formula(each: str, filled: dict[str, list[Any]]) -> None:
    found = cells(catalog(each, "labels__name"))
    assert "'=evil, alpha, vpn, Äpfel" in found
    # In a spreadsheet that splits at semicolons or commas, no part is a formula either.
    assert any("'=2" in cell for cell in cells(catalog(each, "custom__tags")))


def test_a_ticket_of_grouped_annotations_is_shown_once(each: str, filled: dict[str, list[Any]]) -> None:
    grouped: Any = Ticket.objects.using(each).annotate(
        number=Count("labels"), named=Concat("title", Value("100%")), latest=Max("comments__pinned_on")
    )
    made = catalog_for(
        grouped.filter(number__gte=1),
        columns=["id", "number", "named", "latest", "office__city__name", "labels__name"],
        visible_to=EVERY_ROW,
    )
    wanted = [
        [
            str(ticket.pk),
            str(ticket.number),
            ticket.named,
            text(ticket.latest),
            by_field("office__city__name")(ticket),
            joined(label.name for label in ticket.labels.all()),
        ]
        for ticket in grouped.filter(number__gte=1).order_by("pk")
    ]
    assert len(wanted) == 4
    assert [[unguard(cell) for cell in record] for record in records(made)] == wanted


QUERYSETS: dict[str, Callable[[Any], Any]] = {
    "joins many": lambda rows: rows.filter(labels__name__in=["vpn", "=evil"]),
    "distinct": lambda rows: rows.filter(comments__text__contains="%").distinct(),
    "distinct and annotated": lambda rows: rows.annotate(more=F("count")).filter(more__gte=7).distinct(),
    "or": lambda rows: rows.filter(Q(labels__weight__gt=0) | Q(office__cases__count__gte=0)),
    "exclude": lambda rows: rows.exclude(labels__name="vpn"),
    "exists": lambda rows: rows.filter(Exists(Comment.objects.filter(case=OuterRef("pk")))),
    "related": lambda rows: rows.select_related("office").prefetch_related("labels").only("title").order_by("-title"),
    "empty list": lambda rows: rows.filter(pk__in=[]),
    "none": lambda rows: rows.none(),
    "not an empty list": lambda rows: rows.filter(~Q(pk__in=[])),
    "functions": lambda rows: rows.filter(seen_at__month=3, title__iregex="^W.-f[i]$"),
}


@pytest.mark.parametrize("name", QUERYSETS)
def test_the_rows_are_those_of_the_queryset_each_once(each: str, filled: dict[str, list[Any]], name: str) -> None:
    rows = QUERYSETS[name](Ticket.objects.using(each))
    wanted = sorted(set(rows.values_list("pk", flat=True)))
    assert cells(catalog_for(rows, columns=["id"], visible_to=EVERY_ROW)) == [str(pk) for pk in wanted]
    assert len(filled[each]) > len(wanted) or name in {"not an empty list", "related"}


def test_a_queryset_that_locks_its_rows_is_read_without_locks(each: str, filled: dict[str, list[Any]]) -> None:
    made = catalog_for(Ticket.objects.using(each).select_for_update(), columns=["id"], visible_to=EVERY_ROW)
    assert cells(made) == [str(ticket.pk) for ticket in filled[each]]


def test_choices_sort_in_djangos_order_and_show_its_labels(each: str, filled: dict[str, list[Any]]) -> None:
    made = catalog(each, "grouped", "level")
    (grouped, level) = made.describe()
    assert [(choice.value, choice.label) for choice in grouped.choices] == [
        ("lp", "Vinyl"),
        ("cd", "CD"),
        ("none", "No media"),
    ]
    assert [(choice.value, choice.label) for choice in level.choices] == [("1", "Low: 100%"), ("2", "High, today")]
    assert cells(made, columns=["grouped"], sortField="grouped")[:3] == ["Vinyl", "CD", "No media"]


def test_a_decimal_of_an_expression_shows_at_least_its_decimals(each: str, filled: dict[str, list[Any]]) -> None:
    rows = Ticket.objects.using(each).annotate(
        half=F("cost") / Value(Decimal(2), output_field=DecimalField(max_digits=12, decimal_places=2)),
        loud=Upper("title"),
    )
    found = cells(catalog_for(rows, columns=["half"], visible_to=EVERY_ROW))
    assert found[:3] == ["", "6.25", "-0.025"]


def test_a_decimal_that_the_database_computes_has_no_digit_of_a_float(each: str, filled: dict[str, list[Any]]) -> None:
    case, label = filled[each][1], Label.objects.using(each).get(name="alpha")
    case.labels.add(label)
    try:
        rows = Ticket.objects.using(each).annotate(
            total=Sum(F("labels__weight") + Value(Decimal("0.1"))),
            thrice=F("cost") * 3 - Value(Decimal("0.3")),
            whole=Coalesce("cost", Value(Decimal(2**53 + 1))),
        )
        found = records(catalog_for(rows, columns=["total", "thrice", "whole", "taxed"], visible_to=EVERY_ROW))
        assert found[:3] == [
            ["", "", "9007199254740993.00", ""],
            ["13.95", "37.2", "12.50", "14.88"],
            ["3.2", "-0.45", "-0.05", "-0.06"],
        ]
        totals = catalog_for(rows, columns=["total"], visible_to=EVERY_ROW)
        equal = [{"field": "total", "operator": "eq", "value": found[1][0]}]
        assert cells(totals, filters=equal) == [found[1][0]]
    finally:
        case.labels.remove(label)


def test_deleted_tickets_are_left_out(each: str, filled: dict[str, list[Any]]) -> None:
    first, second, *others = (ticket.pk for ticket in filled[each])
    Ticket.objects.using(each).filter(pk=first).update(deleted_at=datetime(2026, 1, 2, tzinfo=UTC))
    Ticket.objects.using(each).filter(pk=second).update(deleted_at=datetime(9000, 1, 2, tzinfo=UTC))
    try:
        rows = Ticket.objects.using(each)
        made = catalog_for(rows, columns=["id"], deleted_at="deleted_at", visible_to=EVERY_ROW)
        assert cells(made) == [str(pk) for pk in (second, *others)]
        marked = catalog_for(
            rows.annotate(gone=Q(deleted_at__isnull=False)),
            columns=["id"],
            is_deleted="gone",
            deleted_at="deleted_at",
            visible_to=EVERY_ROW,
        )
        assert cells(marked) == [str(pk) for pk in (second, *others)]
    finally:
        Ticket.objects.using(each).update(deleted_at=None)


def test_the_day_of_a_moment_is_that_of_the_setting_time_zone(each: str, filled: dict[str, list[Any]]) -> None:
    """The second ticket was seen on the last day of the century, in UTC; in Chicago too, but the third a day before."""
    assert str(ZONE) == "America/Chicago"
    with timezone.override("Asia/Tokyo"):
        made = catalog(each, "seen_at__date")
    assert cells(made)[1:4] == ["2026-03-01", "1999-12-31", "2026-06-30"]
    assert date(2026, 6, 30) in {ticket.seen_on for ticket in filled[each]}


def test_a_decimal_that_the_database_has_computed_is_that_of_the_orm(each: str, filled: dict[str, list[Any]]) -> None:
    tickets_of = Ticket.objects.using(each)
    before = filled[each][0].cost
    one = tickets_of.filter(pk=filled[each][0].pk)
    try:
        # As a GeneratedField does: SQLite stores 3.3000000000000003.
        one.update(cost=Value(Decimal(3)) * Value(Decimal("1.10")))
        made = catalog_for(tickets_of.all(), columns=["cost", "id"], visible_to=EVERY_ROW)
        shown = {"field": "cost", "operator": "eq", "value": "3.30"}
        assert cells(made, columns=["cost"], filters=[shown]) == [text(one.get().cost)] == ["3.30"]
    finally:
        one.update(cost=before)
