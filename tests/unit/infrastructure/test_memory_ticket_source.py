from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest

from ticket_export import Actor, CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import ColumnKind, IdType
from ticket_export.errors import ConfigurationError, StaleViewError, TicketSourceError
from ticket_export.infrastructure.memory.ticket_source import (
    BLOCK_ROWS,
    CellValue,
    InMemoryTicket,
    InMemoryTicketSource,
)
from ticket_export.ports import TicketColumn, TicketColumns
from ticket_export.testing.entities import AN_ACTOR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = TicketColumns(
    [
        TicketColumn(name="id", label="ID", kind=ColumnKind.NUMBER, searchable=True),
        TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT, searchable=True),
        TicketColumn(name="score", label="Score", kind=ColumnKind.NUMBER),
        TicketColumn(name="urgent", label="Urgent", kind=ColumnKind.BOOLEAN),
        TicketColumn(name="due", label="Due", kind=ColumnKind.DATE),
        TicketColumn(name="rank", label="Rank", kind=ColumnKind.CHOICE, choices=("low", "high")),
        TicketColumn(name="team", label="Team", kind=ColumnKind.ID, id_type=IdType.UUID),
        TicketColumn(name="reference", label="Reference", kind=ColumnKind.ID),
    ]
)


def ticket(number: int, **values: CellValue) -> InMemoryTicket:
    return InMemoryTicket(id=number, created_at=NOW, values={"id": number, **values})


def query(**view: object) -> TicketQuery:
    return TicketQuery.of({"columns": ["id"], **view}, COLUMNS, actor=AN_ACTOR, as_of=NOW)


def read(source: InMemoryTicketSource, wanted: TicketQuery, *, formula_guard: bool = True) -> bytes:
    with source.open(wanted, CsvFormat(formula_guard=formula_guard)) as reader:
        blocks = list(reader.blocks())
        assert reader.count() == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks)


def ids(tickets: list[InMemoryTicket], **view: object) -> list[int]:
    return [int(line) for line in read(InMemoryTicketSource(COLUMNS, tickets), query(**view)).split()]


def found(tickets: list[InMemoryTicket], field: str, operator: str, value: str | None = None) -> list[int]:
    return ids(tickets, filters=[{"field": field, "operator": operator, "value": value}])


def test_reader_keeps_its_snapshot_while_the_list_changes() -> None:
    tickets = [ticket(number) for number in range(BLOCK_ROWS + 1)]
    source = InMemoryTicketSource(COLUMNS, tickets)
    with source.open(query(), CsvFormat()) as reader:
        tickets.clear()
        assert reader.count() == BLOCK_ROWS + 1
        blocks = reader.blocks()
        first = next(blocks)
        tickets.extend(ticket(number) for number in range(5))
        source.tickets = ()
        rest = list(blocks)
    assert [first.rows, *(block.rows for block in rest)] == [BLOCK_ROWS, 1]
    assert read(source, query()) == b""


def test_cells_are_written_by_their_kind() -> None:
    team = UUID(int=5)
    values: dict[str, CellValue] = {
        "title": "=1",
        "score": Decimal("-1.50"),
        "urgent": True,
        "due": NOW,
        "rank": "@x",
        "team": team,
        "reference": "+49",
    }
    source = InMemoryTicketSource(COLUMNS, [ticket(-5, **values), ticket(1, urgent=False, score=-2.5)])
    wanted = query(columns=[column.name for column in COLUMNS], timeZone="Asia/Kathmandu")
    assert read(source, wanted).decode().splitlines() == [
        f"-5,'=1,-1.50,true,2026-03-01 17:45:00,'@x,{team},'+49",
        "1,,-2.5,false,,,,",
    ]
    unguarded = read(source, wanted, formula_guard=False).decode().splitlines()
    assert unguarded[0] == f"-5,=1,-1.50,true,2026-03-01 17:45:00,@x,{team},+49"


def test_every_comparison_of_numbers() -> None:
    tickets = [ticket(1, score=1), ticket(2, score=2.0), ticket(3, score=Decimal(3)), ticket(4)]
    assert found(tickets, "score", "gt", "2") == [3]
    assert found(tickets, "score", "gte", "2") == [2, 3]
    assert found(tickets, "score", "lt", "2") == [1]
    assert found(tickets, "score", "lte", "2") == [1, 2]
    assert found(tickets, "score", "eq", "2") == [2]
    assert found(tickets, "score", "neq", "2") == [1, 3, 4]


def test_empty_is_no_value_or_no_text() -> None:
    tickets = [ticket(1, title="x", score=0), ticket(2, title=""), ticket(3), ticket(4, title=())]
    assert found(tickets, "title", "is_empty") == [2, 3, 4]
    assert found(tickets, "title", "is_not_empty") == [1]
    assert found(tickets, "score", "is_empty") == [2, 3, 4]


def test_booleans_are_true_false_or_neither() -> None:
    tickets = [ticket(1, urgent=True), ticket(2, urgent=False), ticket(3)]
    assert found(tickets, "urgent", "is_true") == [1]
    assert found(tickets, "urgent", "is_false") == [2]


def test_texts_are_compared_in_lower_case() -> None:
    tickets = [ticket(1, title="Ärger"), ticket(2, title="ein ÄRGER"), ticket(3)]
    assert found(tickets, "title", "eq", "ÄRGER") == [1]
    assert found(tickets, "title", "starts_with", "är") == [1]
    assert found(tickets, "title", "ends_with", "ärger") == [1, 2]
    assert found(tickets, "title", "not_contains", "ein") == [1, 3]


def test_intervals_take_their_first_moment_and_not_their_last() -> None:
    tickets = [ticket(1, due=NOW), ticket(2, due=NOW + timedelta(seconds=1)), ticket(3)]
    assert found(tickets, "due", "is", "2026-03-01T12:00:00") == [1]
    assert found(tickets, "due", "is_before", "2026-03-01T12:00:01") == [1]
    assert found(tickets, "due", "is_after", "2026-03-01T12:00:00") == [2]


def test_search_finds_joined_tags_and_digits() -> None:
    tickets = [ticket(1, title=("Red", "Blue")), ticket(21, title=None), ticket(3, title="x")]
    assert ids(tickets, searchTerm="21") == [21]
    source = InMemoryTicketSource(COLUMNS, tickets)
    assert read(source, query(columns=["id", "title"], searchTerm="D, BL")) == b'1,"Red, Blue"\n'


@pytest.mark.parametrize(("direction", "expected"), [("asc", [2, 4, 1, 3, 5]), ("desc", [3, 1, 4, 2, 5])])
def test_choices_sort_by_rank_then_strangers_then_blanks(direction: str, expected: list[int]) -> None:
    tickets = [ticket(1, rank="high"), ticket(2, rank="low"), ticket(3, rank="odd"), ticket(4, rank="low"), ticket(5)]
    assert ids(tickets, sortField="rank", sortDirection=direction) == expected


@pytest.mark.parametrize(("direction", "expected"), [("asc", [1, 3, 2, 4, 5]), ("desc", [2, 3, 1, 5, 4])])
def test_ties_are_broken_by_id_and_blanks_stay_last(direction: str, expected: list[int]) -> None:
    tickets = [ticket(4), ticket(3, title="a"), ticket(2, title="b"), ticket(1, title="a"), ticket(5)]
    assert ids(tickets, sortField="title", sortDirection=direction) == expected


def test_text_that_no_file_can_hold_is_refused_as_the_sources_error() -> None:
    source = InMemoryTicketSource(COLUMNS, [ticket(1, title="\ud800")])
    with pytest.raises(TicketSourceError, match="not valid Unicode") as caught:
        read(source, query(columns=["title"]))
    assert isinstance(caught.value.__cause__, UnicodeEncodeError)


@pytest.mark.parametrize("kind", [float, Decimal])
def test_what_is_not_a_number_sorts_behind_all_numbers_as_on_postgresql(kind: type[float | Decimal]) -> None:
    scores = ["NaN", "1", "Infinity", "-Infinity"]
    tickets = [ticket(number, score=kind(score)) for number, score in enumerate(scores)] + [ticket(4)]
    assert ids(tickets, sortField="score") == [3, 1, 2, 0, 4]
    assert ids(tickets, sortField="score", sortDirection="desc") == [0, 2, 1, 3, 4]
    assert found(tickets, "score", "gt", "0") == [0, 1, 2]


AGENT = Actor(user_id=1, attributes={"ranks": ("low",)})
RANKED = [ticket(1, rank="low"), ticket(2, rank="high"), ticket(3)]


def seen(source: InMemoryTicketSource, actor: Actor) -> list[int]:
    return [int(line) for line in read(source, attrs.evolve(query(), actor=actor)).split()]


def test_rules_in_python_limit_rows_and_columns() -> None:
    source = InMemoryTicketSource(
        COLUMNS,
        RANKED,
        visible_to=lambda actor, ticket: ticket.values.get("rank") in actor.attributes["ranks"],
        every_row_to=lambda actor: actor.is_admin,
        column_rules={"SCORE": lambda actor: actor.is_admin},
    )
    admin = Actor(user_id=2, is_admin=True)
    assert (seen(source, AGENT), seen(source, admin)) == ([1], [1, 2, 3])
    assert (source.columns(AGENT).is_complete, source.columns(admin).is_complete) == (False, True)
    assert source.columns(AGENT).find("score") is None
    with pytest.raises(StaleViewError):
        read(source, attrs.evolve(query(sortField="score"), actor=AGENT))


@pytest.mark.parametrize("answer", [None, 1, "yes"])
def test_rule_in_python_that_returns_no_bool_shows_nothing(answer: Any) -> None:
    rows = InMemoryTicketSource(COLUMNS, RANKED, visible_to=lambda _actor, _ticket: answer)
    with pytest.raises(ConfigurationError, match=r"the row rule \(visible_to\) returned .*; return True or False"):
        seen(rows, AGENT)
    exempt = InMemoryTicketSource(COLUMNS, visible_to=lambda _actor, _ticket: True, every_row_to=lambda _: answer)
    with pytest.raises(ConfigurationError, match=r"the rule every_row_to returned .*; return True or False"):
        exempt.columns(AGENT)


def test_rule_in_python_that_is_none_is_refused_when_the_source_is_made() -> None:
    with pytest.raises(ConfigurationError, match="ticket source: visible_to must be a function"):
        InMemoryTicketSource(COLUMNS, visible_to=True)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="the column 'score': visible_to must be a function"):
        InMemoryTicketSource(COLUMNS, column_rules={"score": True})  # type: ignore[dict-item]
    with pytest.raises(ConfigurationError, match="there is a rule for the unknown column 'scores'"):
        InMemoryTicketSource(COLUMNS, column_rules={"scores": lambda _: True})
