"""What makes SQLite fast for usual values changes nothing for unusual ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, text

from tests.reference_help_desk import NOW
from ticket_export import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.ports import Cell, FileFormat, TicketColumn
from ticket_export.testing.entities import AN_ACTOR

TICKETS = 3000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    upgrade(engine, reference_schema=True)
    common = {"title": "Printer", "status": "open", "priority": "low"}
    with engine.begin() as connection:
        connection.execute(
            insert(REFERENCE_TABLES.tickets),
            [
                {"id": number, "creation_time": NOW - timedelta(minutes=number * 7 % TICKETS), **common}
                for number in range(TICKETS)
            ],
        )
    yield engine
    engine.dispose()


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def records(engine: Engine, *, is_counted: bool = True, file_format: FileFormat | None = None) -> list[str]:
    source = SqlAlchemyTicketSource(engine, reference_catalog(REFERENCE_TABLES))
    view = {"columns": ["id", "title", "creationTime"], "sortField": "creationTime", "sortDirection": "desc"}
    query = TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW)
    with source.open(query, file_format or CsvFormat()) as reader:
        count = reader.count() if is_counted else TICKETS
        blocks = list(reader.blocks())
    assert sum(block.rows for block in blocks) == count
    return b"".join(block.data for block in blocks).decode().splitlines()


def in_order(engine: Engine) -> list[str]:
    moments = [record.rpartition(",")[2] for record in records(engine)]
    assert moments == sorted(moments, reverse=True)
    return moments


def test_moments_in_the_usual_spelling_are_sorted_by_the_index(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(in_order(engine)) == TICKETS
    (rows,) = [each for each in statements if "ORDER BY" in each]
    assert 'ORDER BY "Tickets"."CreationTime" DESC, "Tickets"."Id" DESC' in rows


@pytest.mark.parametrize(
    "spelling", ["replace({}, ' ', 'T') || 'Z'", "substr({}, 1, 19)", "substr({}, 1, 19) || '+00'"]
)
def test_one_moment_in_another_spelling_stands_in_its_place(engine: Engine, spelling: str) -> None:
    before = records(engine)
    change(engine, f'UPDATE "Tickets" SET "CreationTime" = {spelling.format("CreationTime")} WHERE "Id" = 1500')
    assert records(engine) == before
    assert records(engine, is_counted=False) == before


class Types(CsvFormat):
    """Writes the types of the cells."""

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        return "".join(",".join(type(cell).__name__ for cell in row) + "\n" for row in cells).encode()


def test_format_that_only_inherits_from_csv_gets_typed_cells(engine: Engine) -> None:
    assert set(records(engine, file_format=Types())) == {"int,str,datetime"}


@pytest.mark.parametrize("file_format", [CsvFormat(), NdjsonFormat()], ids=["csv", "ndjson"])
@pytest.mark.parametrize("number", [0, 7, 1500, TICKETS - 1])
def test_text_that_is_not_utf_8_loses_no_row_and_repeats_none(
    engine: Engine, number: int, file_format: FileFormat
) -> None:
    before = records(engine, file_format=file_format)
    change(engine, f"""UPDATE "Tickets" SET "Title" = CAST(x'5072FF' AS TEXT) WHERE "Id" = {number}""")
    after = records(engine, file_format=file_format)
    assert [line for line in after if line not in set(before)] == [
        line.replace("Printer", "Pr\N{REPLACEMENT CHARACTER}")
        for line in before
        if line.startswith((f"{number},", f'{{"id":{number},'))
    ]
    assert len(after) == TICKETS
    assert [line.replace("Pr\N{REPLACEMENT CHARACTER}", "Printer") for line in after] == before
