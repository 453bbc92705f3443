"""SQLAlchemy on the connection of Django itself, in Django's own transaction."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import sqlalchemy
from django.db import Error, connections
from sqlalchemy import URL, Connection, Engine, NullPool, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.django.databases import database_url, manage_migrate, require_supported
from ticket_export.infrastructure.persistence.database.engine import IN_HOSTS_TRANSACTION
from ticket_export.infrastructure.persistence.database.migrate_command import MIGRATED_BY

_ADDRESS: Final = {"host", "hostaddr", "port", "service"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {"postgresql": {"use_native_hstore": False}, "sqlite": {}}


class _InDjangosTransaction:
    """A dialect that leaves connection and transaction to Django; savepoints are its own."""

    def on_connect_url(self, url: URL) -> None:
        """Leave the connection as Django has set it up."""

    def do_begin(self, dbapi_connection: object) -> None:
        """Do nothing: Django has begun."""

    def do_commit(self, dbapi_connection: object) -> None:
        """Do nothing: Django commits."""

    def do_rollback(self, dbapi_connection: object) -> None:
        """Do nothing: Django rolls back."""

    def do_close(self, dbapi_connection: object) -> None:
        """Do nothing: Django closes."""

    def do_terminate(self, dbapi_connection: object) -> None:
        """Do nothing: Django closes."""

    def set_isolation_level(self, dbapi_connection: object, level: object) -> None:
        """Do nothing: Django's transaction has its own."""

    def reset_isolation_level(self, dbapi_connection: object) -> None:
        """Do nothing: nothing was set."""


class PostgreSQLOnDjango(_InDjangosTransaction, PGDialect_psycopg):
    """PostgreSQL on a connection of Django."""

    supports_statement_cache = True


class SQLiteOnDjango(_InDjangosTransaction, SQLiteDialect_pysqlite):
    """SQLite on a connection of Django."""

    supports_statement_cache = True


registry.register("postgresql.django", __name__, PostgreSQLOnDjango.__name__)
registry.register("sqlite.django", __name__, SQLiteOnDjango.__name__)


def is_in_transaction(alias: str) -> bool:
    """Whether this thread has a transaction of Django open in that database.

    It is ``atomic()``, such as that of ``ATOMIC_REQUESTS``, or has begun with ``set_autocommit(False)``. Where
    ``DATABASES`` switches autocommit off, every thread is in a transaction that perhaps nobody ends; then only
    ``atomic()`` counts.
    """
    django = connections[alias]
    is_manual = django.connection is not None and not django.autocommit and django.settings_dict["AUTOCOMMIT"]
    return django.in_atomic_block or bool(is_manual)


def connected_to_django(alias: str) -> Connection:
    """Return Django's connection of this thread. Whatever is executed on it belongs to Django's transaction.

    Closing it ends nothing of Django's.

    Raises:
        ConfigurationError: the database is neither PostgreSQL with psycopg 3 nor SQLite.
        JobDatabaseError: an error has broken Django's transaction, or the host has called ``set_rollback``.
        SQLAlchemyError: the database is away.
    """
    django = connections[alias]
    if django.in_atomic_block and django.needs_rollback:
        # SQLite would take the rows, and Django would undo them.
        raise JobDatabaseError(
            f"the transaction of DATABASES[{alias!r}] will be rolled back, because of an earlier error or of "
            "set_rollback(True), so nothing can be stored in it; end the atomic() block first"
        )
    return engine_on_django(alias).connect()


def is_on_django(engine: Engine) -> bool:
    """Whether it is an engine of `engine_on_django`."""
    return isinstance(engine.dialect, _InDjangosTransaction)


def engine_on_django(alias: str) -> Engine:
    """Return an engine whose connections are Django's connection of the thread.

    Raises:
        ConfigurationError: as for `connected_to_django`.
    """
    return _engine(alias, database_url(alias))


# What is remembered of a database is remembered for its dialect, so each database has an engine of its own. The audit
# log compares the address with that of the library's own engine.
@lru_cache(maxsize=16)
def _engine(alias: str, url: str) -> Engine:
    django: Any = connections[alias]
    require_supported(django)
    own = make_url(url)
    address = {key: own.query[key] for key in _ADDRESS & own.query.keys()}
    engine = sqlalchemy.create_engine(
        URL.create(f"{django.vendor}+django", host=own.host, port=own.port, database=own.database, query=address),
        creator=lambda: _driver_connection(alias),
        poolclass=NullPool,
        **_OPTIONS[django.vendor],
    )
    engine.update_execution_options(**{MIGRATED_BY: manage_migrate(alias), IN_HOSTS_TRANSACTION: True})
    return engine


def _driver_connection(alias: str) -> Any:
    django: Any = connections[alias]
    try:
        # As Django begins each of its own queries. It connects, and refuses a connection of another thread, a call in
        # an event loop, and a database that a test may not use.
        django.cursor().close()
    except Error as error:
        # Only errors of the driver become SQLAlchemy's.
        cause = error.__cause__
        known = cause if isinstance(cause, django.Database.Error) else django.Database.OperationalError(str(error))
        raise known from error
    return django.connection
