"""What is wrong with the tables of exports, compared with the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine

from ticket_export.application.finding import Finding, error
from ticket_export.application.safe_text import listed
from ticket_export.infrastructure.persistence.database.rights import lacking_rights, right_finding
from ticket_export.infrastructure.persistence.database.transaction import quick_read
from ticket_export.infrastructure.persistence.missing_tables import missing_host_tables, missing_own_tables
from ticket_export.infrastructure.persistence.tables import Tables

_WHERE: Final = "database"
_WRITTEN: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")


def table_problems(engine: Engine, tables: Tables) -> Iterator[Finding]:
    """Compare the tables with the database, which can be reached."""
    hosts, own = missing_host_tables(engine, tables), missing_own_tables(engine, tables)
    if hosts:
        yield error(
            _WHERE,
            f"the database lacks {listed(hosts)}",
            "create what is missing with your application's migrations, or correct its name in HostTableNames; "
            "without a host run: ticket-export migrate --reference-schema",
        )
    if own:
        yield error(_WHERE, f"the database lacks {listed(own)}", "run: ticket-export migrate")
    if not hosts and not own:
        yield from _refused(engine, tables)


def _refused(engine: Engine, tables: Tables) -> Iterator[Finding]:
    """What the role of the engine may not do. An owner may do everything, and other roles often lack a right."""
    written = (tables.export_jobs, tables.media_items, tables.background_tasks)
    read = () if tables.host_users is None else (tables.host_users.table,)
    with quick_read(engine) as connection:
        for table, rights in (*((each, _WRITTEN) for each in written), *((each, ("SELECT",)) for each in read)):
            lacking = lacking_rights(connection, table, rights)
            if lacking:
                yield right_finding(connection, _WHERE, table, lacking)
