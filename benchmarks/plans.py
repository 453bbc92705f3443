"""Show how PostgreSQL finds the tickets of a view: python -m benchmarks.plans.

The table shows by which index, in what time, and in what time without that index. The server is the one of the tests.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import attrs
from sqlalchemy import Connection
from tests.embedded_postgresql import embedded_postgresql
from tests.integration.postgresql.filtered_views import CATALOG, CREATED, FILTERS, Filter, default_view
from tests.integration.postgresql.query_plans import plan_of
from tests.postgresql_server import VARIABLE, PostgresqlServer

from benchmarks.fill.loader import load_many
from benchmarks.report import write
from ticket_export import create_engine
from ticket_export.catalog import EVERY_ROW
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.tickets.ticket_select import select_tickets

REPORT = Path(__file__).parents[1] / "docs" / "how-to" / "add-indexes.md"
_RUNS = 3


@attrs.frozen
class Found:
    """The milliseconds of a view's statement with its index and without it."""

    rows: int
    by: str
    milliseconds: float
    without: float | None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="write the table to docs/how-to/add-indexes.md")
    arguments = parser.parse_args()
    named = os.environ.get(VARIABLE)
    with nullcontext(named) if named else embedded_postgresql() as server_url:
        server = PostgresqlServer(server_url)
        with server.database() as url:
            text = _table(url, arguments.tickets)
        server.close()
    print(text)
    if arguments.write:
        write(REPORT, text, section="measured")


def _table(url: str, tickets: int) -> str:
    engine = create_engine(url)
    now = datetime.now(UTC)
    print(f"filling: {tickets:,} tickets", file=sys.stderr, flush=True)
    load_many(engine, REFERENCE_TABLES, tickets=tickets, seed=1, now=now)
    with engine.connect() as connection:
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        lines = [
            f"{tickets:,} tickets, medians of {_RUNS} runs; {os.cpu_count()} cores, PostgreSQL {version}.",
            "",
            "| filter | tickets | found by | ms | ms without it |",
            "|---|---:|---|---:|---:|",
            _line("none: the default sort", _find(connection, now, CREATED)),
        ]
        for name, (filter_, index) in FILTERS.items():
            found = _find(connection, now, index, filter_)
            lines.append(_line(f"{name}: `{' '.join(filter_[:2])}`", found))
    engine.dispose()
    return "\n".join(lines)


def _find(connection: Connection, now: datetime, index: str, *filters: Filter) -> Found:
    query = select_tickets(CATALOG, default_view(now, *filters), EVERY_ROW)
    with_it = [plan_of(connection, query, run=True) for _ in range(_RUNS)]
    (scan,) = (step for step in with_it[0].steps if step.get("Relation Name") == "Tickets")
    used = {index} & with_it[0].indexes
    without = None
    # Every table keeps its primary key.
    if used and not index.startswith("PK_"):
        with connection.begin_nested() as savepoint:
            connection.exec_driver_sql(f'DROP INDEX "{index}"')
            without = median(plan_of(connection, query, run=True).milliseconds or 0.0 for _ in range(_RUNS))
            savepoint.rollback()
    return Found(
        rows=with_it[0].rows or 0,
        by=f"`{index}`" if used else str(scan["Node Type"]).lower(),
        milliseconds=median(each.milliseconds or 0.0 for each in with_it),
        without=without,
    )


def _line(name: str, found: Found) -> str:
    without = "" if found.without is None else f"{found.without:,.0f}"
    return f"| {name} | {found.rows:,} | {found.by} | {found.milliseconds:,.0f} | {without} |"


if __name__ == "__main__":
    main()
