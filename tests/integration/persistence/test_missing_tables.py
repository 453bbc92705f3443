from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES, build_help_desk_tables
from ticket_export.infrastructure.persistence.database.errors import is_missing_table
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.missing_tables import (
    missing_host_tables,
    missing_own_tables,
    missing_tables,
)


class _PostgresqlError(Exception):
    """As psycopg raises it: the code beside the text."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        super().__init__("no")


def _refused(sqlstate: str) -> DBAPIError:
    return DBAPIError("SELECT secret", {"a": "value"}, _PostgresqlError(sqlstate))


def _error(engine: Engine, statement: str) -> Exception:
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text(statement))
    return raised.value


def test_only_a_table_that_is_not_there_is_a_missing_table(engine: Engine) -> None:
    assert is_missing_table(_error(engine, "SELECT * FROM nowhere"))
    assert not is_missing_table(_error(engine, "SELECT colour FROM Users"))
    assert not is_missing_table(_error(engine, "SELECT FROM WHERE"))
    assert not is_missing_table(ValueError("no such table: Users"))


@pytest.mark.parametrize(("sqlstate", "is_missing"), [("42P01", True), ("42703", False), ("55P03", False)])
def test_postgresql_is_understood_by_its_code(sqlstate: str, is_missing: bool) -> None:
    assert is_missing_table(_refused(sqlstate)) is is_missing


def test_only_what_is_not_there_is_named_and_in_order(empty_engine: Engine) -> None:
    tables = build_help_desk_tables(HostTableNames(users=HostTable("staff")))
    with empty_engine.begin() as connection:
        connection.execute(text("CREATE TABLE MediaItems (a)"))
        connection.execute(text("CREATE VIEW staff AS SELECT 1"))
    assert missing_host_tables(empty_engine, tables) == ("BackgroundTasks",)
    assert missing_own_tables(empty_engine, tables) == ("ExportAuditEntries", "ExportDatabase", "ExportJobs")
    everything = missing_tables(empty_engine, tables)
    assert everything == tuple(sorted(everything))
    assert {"BackgroundTasks", "ExportAuditEntries", "ExportJobs", "Tickets", "Roles"} <= set(everything)
    assert not {"staff", "MediaItems"} & set(everything)


def test_a_migrated_database_lacks_nothing(engine: Engine) -> None:
    assert missing_tables(engine, REFERENCE_TABLES) == ()
