"""The unit of work on Django's connection keeps the contract, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.contract.conftest import SharedDatabase, each_emptied_database, each_shared_database
from tests.contract.test_unit_of_work import SqlBackDoor, SqlDatabase
from tests.django.in_process import set_up_django
from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.migrated_sqlite import migrated_sqlite
from ticket_export.application.ports.audit_log import AuditLog
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.testing.unit_of_work import UnitOfWorkContract

set_up_django()

from django.db import connections  # noqa: E402

from ticket_export.infrastructure.django.audit_log import DjangoAuditLog  # noqa: E402
from ticket_export.infrastructure.django.one_connection.unit_of_work import OneConnectionUnitOfWork  # noqa: E402
from ticket_export.infrastructure.django.unit_of_work import DjangoUnitOfWork  # noqa: E402

__all__ = ["each_emptied_database", "each_shared_database"]

_ALIAS = "contract"


@contextmanager
def in_django(**settings: Any) -> Iterator[None]:
    """Until the block ends, Django has a database more."""
    connections.settings[_ALIAS] = {**connections.settings["default"], **settings}
    try:
        yield
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del connections.settings[_ALIAS]


class DjangoContract(SqlBackDoor, UnitOfWorkContract[SqlDatabase]):
    kind: type[DjangoUnitOfWork] = DjangoUnitOfWork

    def unit_of_work(self, database: SqlDatabase) -> UnitOfWork:
        class Closed(self.kind):  # type: ignore[misc, name-defined]
            def __exit__(self, *error: Any) -> None:
                super().__exit__(*error)
                # As a host closes the connections of its own threads.
                if current_thread() is not main_thread():
                    connections[_ALIAS].close()

        return Closed(_ALIAS, database.tables)

    def audit_log(self, database: SqlDatabase) -> AuditLog:
        return DjangoAuditLog(_ALIAS, database.engine, database.tables)


class TestDjangoUnitOfWorkOnSqlite(DjangoContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[SqlDatabase]:
        path = tmp_path / "help-desk.db"
        engine = migrated_sqlite(path)
        # Otherwise SQLite refuses a transaction that has read before another has written.
        with in_django(NAME=str(path), OPTIONS={"transaction_mode": "IMMEDIATE", "timeout": 60}):
            yield SqlDatabase(engine, SqliteRows(path))
        engine.dispose()


class TestDjangoUnitOfWorkOnPostgresql(DjangoContract):
    @pytest.fixture
    def database(self, each_emptied_database: SharedDatabase) -> Iterator[SqlDatabase]:
        given = make_url(each_emptied_database.url)
        host, port = given.host or given.query.get("host", ""), given.port or given.query.get("port", "")
        where = {"NAME": given.database, "USER": given.username or "", "PASSWORD": given.password or ""}
        with in_django(ENGINE="django.db.backends.postgresql", HOST=host, PORT=port, **where):
            yield SqlDatabase(each_emptied_database.engine, each_emptied_database.rows)


class TestOneConnectionUnitOfWork(TestDjangoUnitOfWorkOnSqlite):
    kind = OneConnectionUnitOfWork
