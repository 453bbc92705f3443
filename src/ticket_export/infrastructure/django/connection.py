"""SQLAlchemy on the connection of Django itself, in Django's own transaction."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import sqlalchemy
from django.db import connections
from sqlalchemy import URL, Connection, Engine, NullPool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ticket_export.infrastructure.django.databases import require_supported
from ticket_export.infrastructure.persistence.database.migrate_command import MANAGE_MIGRATE, MIGRATED_BY

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
    """Whether this thread is inside ``atomic()`` of that database; ``ATOMIC_REQUESTS`` is one."""
    return connections[alias].in_atomic_block


def connected_to_django(alias: str) -> Connection:
    """Return Django's connection of this thread. Whatever is executed on it belongs to Django's transaction.

    Closing it ends nothing of Django's.

    Raises:
        ConfigurationError: the database is neither PostgreSQL with psycopg 3 nor SQLite.
        SQLAlchemyError: the database is away.
    """
    return engine_on_django(alias).connect()


def engine_on_django(alias: str) -> Engine:
    """Return an engine whose connections are Django's connection of the thread.

    Raises:
        ConfigurationError: as for `connected_to_django`.
    """
    django = connections[alias]
    return _engine(alias, django.vendor, str(django.settings_dict["NAME"]))


# What is remembered of a database is remembered for its dialect, so the name is a part of the key.
@lru_cache(maxsize=16)
def _engine(alias: str, vendor: str, name: str) -> Engine:
    django: Any = connections[alias]
    require_supported(django)
    settings = django.settings_dict
    where = {"host": settings["HOST"], "port": settings["PORT"]} if vendor == "postgresql" else {}
    query = {key: str(value) for key, value in where.items() if value}
    engine = sqlalchemy.create_engine(
        URL.create(f"{vendor}+django", database=name, query=query),
        creator=lambda: _driver_connection(alias),
        poolclass=NullPool,
        **_OPTIONS[vendor],
    )
    engine.update_execution_options(**{MIGRATED_BY: MANAGE_MIGRATE})
    return engine


def _driver_connection(alias: str) -> Any:
    django = connections[alias]
    django.ensure_connection()
    return django.connection
