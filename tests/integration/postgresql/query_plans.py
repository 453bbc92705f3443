"""How PostgreSQL would find the rows of a statement, as it says itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import psycopg
from sqlalchemy import Connection, Select

from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.snapshot import driver_connection


@attrs.frozen
class Plan:
    """The steps of a plan, the last one first; after running it, `rows` and `milliseconds` are those it took."""

    steps: tuple[Mapping[str, Any], ...]
    rows: int | None
    milliseconds: float | None

    @property
    def indexes(self) -> set[str]:
        return {step["Index Name"] for step in self.steps if "Index Name" in step}

    @property
    def sorts(self) -> bool:
        return any(step["Node Type"].endswith("Sort") for step in self.steps)

    def scans(self, table: str) -> bool:
        """Whether the table is read from end to end."""
        return any(step["Node Type"] == "Seq Scan" and step["Relation Name"] == table for step in self.steps)


def plan_of(connection: Connection, query: Select[Any], *, run: bool = False) -> Plan:
    """The plan of the query as COPY would send it, with its values in it."""
    statement, values = copy_statement(query, connection)
    sent = statement.removeprefix("COPY (")[: -len(") TO STDOUT (FORMAT csv, ENCODING 'UTF8')")]
    with psycopg.ClientCursor(driver_connection(connection)) as cursor:
        return explained(cursor, sent, values, run=run)


def explained(cursor: psycopg.ClientCursor[Any], statement: str, values: object, *, run: bool = False) -> Plan:
    """The plan of a statement of psycopg's."""
    options = "ANALYZE, TIMING OFF, FORMAT JSON" if run else "FORMAT JSON"
    cursor.execute(f"EXPLAIN ({options}) {statement}".encode(), values)  # type: ignore[call-overload]
    row = cursor.fetchone()
    assert row
    (explanation,) = row[0]
    top = explanation["Plan"]
    rows = top.get("Actual Rows")
    return Plan(tuple(_steps(top)), None if rows is None else round(rows), explanation.get("Execution Time"))


def _steps(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield step
    for earlier in step.get("Plans", ()):
        yield from _steps(earlier)
