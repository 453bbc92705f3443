"""What is wrong with the tables of exports, as findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, Engine, Table

from ticket_export.application.finding import Finding, error, warning
from ticket_export.application.safe_text import listed
from ticket_export.infrastructure.persistence.database.rights import lacking_rights, right_finding
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.schema.differences import (
    SchemaDifference,
    hosts_written_tables,
    own_tables,
    schema_differences,
)
from ticket_export.infrastructure.persistence.tables import Tables
from ticket_export.infrastructure.persistence.tables_in_use import look_again, tables_in_use

_WHERE: Final = "database"
_READ: Final = ("SELECT",)
_WRITTEN: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_REFERENCE: Final = "without a host, run `ticket-export migrate --reference-schema`"


def table_problems(engine: Engine, tables: Tables) -> Iterator[Finding]:
    """Compare all tables with the database, which can be reached, except the table of the audit log."""
    with quick_read(engine) as connection:
        # The tables may have been adopted since the last look.
        look_again(connection.dialect)
        found = [each for each in schema_differences(connection, tables) if each.table != _audit(tables).name]
        yield from _findings(found, tables)
        if not any(each.is_fatal for each in found):
            yield from _refused(connection, tables_in_use(connection, tables))


def audit_table_problems(engine: Engine, tables: Tables) -> Iterator[Finding]:
    """Compare the table of the audit log with the database, which can be reached."""
    with quick_read(engine) as connection:
        found = [each for each in schema_differences(connection, tables) if each.table == _audit(tables).name]
        yield from _findings(found, tables)


def _audit(tables: Tables) -> Table:
    return tables.export_audit_entries


def _findings(found: Sequence[SchemaDifference], tables: Tables) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for each in found:
        if isinstance(each.missing, Table):
            missing.setdefault(each.remedy, []).append(each.table)
    for each in found:
        if not isinstance(each.missing, Table):
            what = f"{each.table}.{each.column} {each.problem}" if each.column else f"{each.table} {each.problem}"
            yield (error if each.is_fatal else warning)(_WHERE, what, each.remedy)
        elif names := missing.pop(each.remedy, None):
            yield error(_WHERE, f"the database lacks {listed(names)}", f"{each.remedy}{_or_reference(names, tables)}")


def _or_reference(missing: Collection[str], tables: Tables) -> str:
    seed = SEED_TABLE_NAMES.users
    is_reference = tables.host_users is not None and seed is not None and tables.host_users.table.name == seed.name
    return f"; {_REFERENCE}" if is_reference and seed and seed.name in missing else ""


def _refused(connection: Connection, tables: Tables) -> Iterator[Finding]:
    """What the role may not do. An owner may do everything, and another role often lacks a right."""
    read = () if tables.host_users is None else (tables.host_users.table,)
    written = (*hosts_written_tables(tables), *(each for each in own_tables(tables) if each is not _audit(tables)))
    for table, rights in (*((each, _READ) for each in read), *((each, _WRITTEN) for each in written)):
        if lacking := lacking_rights(connection, table, rights):
            yield right_finding(connection, _WHERE, table, lacking)
