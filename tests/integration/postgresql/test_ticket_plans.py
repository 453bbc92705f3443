"""A view's default sort and each of its filters are answered from an index.

The same on a million tickets is what `python -m benchmarks.plans` shows; here are as many as take a second to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from benchmarks.fill.loader import load_many
from sqlalchemy import Connection

from tests.integration.postgresql.filtered_views import CATALOG, CREATED, FILTERS, Filter, default_view
from tests.integration.postgresql.query_plans import Plan, plan_of
from tests.integration.sample_data.filled import NOW, fill
from tests.postgresql_server import PostgresqlServer
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.ticket_select import count_tickets, select_tickets

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "add-indexes.md"
TICKETS = 30_000


@pytest.fixture(scope="module")
def help_desk(postgresql_server: PostgresqlServer) -> Iterator[Connection]:
    """Only read, so that one will do for all."""
    with postgresql_server.database() as url:
        engine = create_engine(url)
        fill(engine, TICKETS, load=load_many)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def _plans(connection: Connection, *filters: Filter) -> list[Plan]:
    """Of the two statements that an export sends."""
    query = default_view(NOW, *filters)
    return [plan_of(connection, select(CATALOG, query, EVERY_ROW)) for select in (select_tickets, count_tickets)]


def test_default_sort_walks_an_index_and_sorts_nothing(help_desk: Connection) -> None:
    rows, _count = _plans(help_desk)
    assert (CREATED in rows.indexes, rows.sorts, rows.scans("Tickets")) == (True, False, False)


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_is_answered_from_its_index(help_desk: Connection, name: str) -> None:
    filter_, index = FILTERS[name]
    for plan in _plans(help_desk, filter_):
        assert plan.indexes & {index}
        assert not plan.scans("Tickets")


def test_filter_that_no_index_serves_would_be_noticed(help_desk: Connection) -> None:
    for plan in _plans(help_desk, ("description", "contains", "router")):
        assert plan.scans("Tickets")


@pytest.mark.parametrize("operator", ["eq", "is_any_of", "starts_with"])
def test_text_filter_is_answered_from_the_index_that_the_docs_show(help_desk: Connection, operator: str) -> None:
    if (help_desk.dialect.server_version_info or ()) < (17,):
        pytest.skip("the index in the docs is for PostgreSQL 17 and up")
    (statement,) = re.findall(r"CREATE INDEX [^;]*\breplace\(lower[^;]*;", DOCUMENT.read_text("utf-8"))
    with help_desk.begin_nested() as savepoint:
        help_desk.exec_driver_sql(statement)
        help_desk.execute(sa.text('ANALYZE "Tickets"'))
        for plan in _plans(help_desk, ("category", operator, "-legacy")):
            assert plan.indexes >= {"IX_Tickets_Category_Folded"}
        savepoint.rollback()


def test_docs_name_every_index_of_the_reference_schema(help_desk: Connection) -> None:
    tables = "'Tickets', 'Contacts', 'Users', 'Teams', 'ExportJobs', 'BackgroundTasks', 'MediaItems'"
    found = help_desk.execute(sa.text(f"SELECT indexname FROM pg_indexes WHERE tablename IN ({tables})"))
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in found.scalars() if f"`{name}`" not in text and f'"{name}"' not in text] == []
