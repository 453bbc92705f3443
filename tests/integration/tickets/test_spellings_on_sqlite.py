"""A moment on SQLite is the same moment in whatever spelling another program has written it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.tickets.test_stored_types import desk
from ticket_export import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.infrastructure.tickets.sqlite.functions import register_functions
from ticket_export.infrastructure.tickets.ticket_select import select_tickets
from ticket_export.testing.entities import AN_ACTOR

AS_OF = datetime(2026, 1, 31, 10, tzinfo=UTC)
SPELLINGS = [
    "2026-01-31 10:00:00.000000",
    "2026-01-31T10:00:00Z",
    "2026-01-31T12:00:00+02:00",
    "2026-01-30T22:00:00.000-12:00",
    "2026-02-01 00:00:00+14:00",
    "2026-01-31 10:00:00",
    "2026-01-31 10:00",
    "2026-01-31T10:00:00.000",
    "2026-01-31 10:00:00.0000000",
    "2026-01-31T10:00:00.000000000Z",
    "2026-01-31 10:00:00 UTC",
    "2026-01-31 11:00:00 +0100",
    "2026-01-31 10:00:00.1+00:00",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_moment_is_read_compared_and_shown_as_the_same_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    before, after = "2026-01-31 09:59:59.999999", "2026-01-31 10:00:01.000000"
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE desk (id integer, opened text, gone boolean, gone_at text, due text)")
        for number, due in enumerate([after, spelling, before]):
            row = (number, "2026-01-01 00:00:00.000000", False, None, due)
            connection.exec_driver_sql("INSERT INTO desk VALUES (?, ?, ?, ?, ?)", row)
        # One that was opened at the request or a moment later, and one that was deleted then.
        connection.exec_driver_sql("INSERT INTO desk VALUES (3, ?, 0, NULL, NULL)", (spelling,))
        connection.exec_driver_sql("INSERT INTO desk VALUES (4, '2026-01-01 00:00', 1, ?, NULL)", (spelling,))
    source = SqlAlchemyTicketSource(engine, desk(aware=False))

    def read(*filters: tuple[str, str], zone: str | None = None, **view: Any) -> list[str]:
        where = [{"field": "due", "operator": operator, "value": value} for operator, value in filters]
        columns = view.pop("columns", ["id"])
        query = TicketQuery.of(
            {"columns": columns, "filters": where, "timeZone": zone, **view},
            source.columns(AN_ACTOR),
            actor=AN_ACTOR,
            as_of=AS_OF,
        )
        with source.open(query, CsvFormat()) as reader:
            return b"".join(block.data for block in reader.blocks()).decode().split("\n")[:-1]

    at = "2026-01-31T10:00:00Z"
    assert read(("is", at), columns=["due"]) == ["2026-01-31 10:00:00"]
    assert read(("is", at), columns=["due"], zone="Asia/Tokyo") == ["2026-01-31 19:00:00"]
    assert read(("is_before", at)) == ["2"]
    assert read(("is_after", at)) == ["0"]
    assert read(("is_on_or_before", at)) == ["1", "2"]
    assert read(("is_on_or_after", at)) == ["0", "1"]
    assert read(("is", "2026-01-31"), sortField="due") == ["2", "1", "0"]
    assert read(("is", "2026-01-31"), sortField="due", sortDirection="desc") == ["0", "1", "2"]
    opened_later = spelling.endswith(".1+00:00")
    assert read(("is_empty", "")) == (["4"] if opened_later else ["3"])
    engine.dispose()


def test_filter_by_time_uses_the_index_of_the_column(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    catalog = desk(aware=False)
    where = [{"field": "due", "operator": "is_within_past_days", "value": "7"}]
    query = TicketQuery.of({"columns": ["id"], "filters": where}, catalog.describe(), actor=AN_ACTOR, as_of=AS_OF)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE desk (id integer, opened text, gone boolean, gone_at text, due text)")
        connection.exec_driver_sql("CREATE INDEX by_due ON desk (due)")
        register_functions(connection.connection.driver_connection)  # type: ignore[arg-type]
        statement = select_tickets(catalog, query, EVERY_ROW).compile(engine, compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    engine.dispose()
    assert plan[0] == "SEARCH desk USING INDEX by_due (due>? AND due<?)"
