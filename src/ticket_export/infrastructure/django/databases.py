"""Django's databases as the library's: engines of its own, made from Django's settings."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from django.core import mail
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.sqlite3._functions import register as register_django_functions
from sqlalchemy import URL, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from ticket_export.application.secret_url import SecretUrl
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.database.engine import create_engine, create_engine_without_pool
from ticket_export.infrastructure.persistence.database.migrate_command import MANAGE_MIGRATE, MIGRATED_BY

# What Django passes to the driver for itself; all others are libpq's.
_NOT_LIBPQ: Final = {"context", "cursor_factory", "prepare_threshold"}
_NAMES: Final = {"dbname": "database", "user": "username", "password": "password", "port": "port"}
_SQLITE_OPTIONS: Final = {"cached_statements", "timeout"}


def database_url(alias: str) -> str:
    """Return the URL of a database of Django's ``DATABASES``, with its password.

    That of SQLite in memory names nothing that another connection could open.

    Raises:
        ConfigurationError: it is neither PostgreSQL nor SQLite.
    """
    django: Any = connections[alias]
    require_supported(django)
    if django.vendor == "postgresql":
        return SecretUrl(_postgresql_url(django).render_as_string(hide_password=False))
    name = str(django.settings_dict["NAME"])
    if "?" in name and not name.startswith("file:"):
        raise ConfigurationError(f"DATABASES[{alias!r}]: NAME has a question mark; rename the file, or its folder")
    options = django.settings_dict["OPTIONS"]
    query = {key: str(options[key]) for key in _SQLITE_OPTIONS & options.keys()}
    return URL.create("sqlite", database=name, query=query).render_as_string()


def require_supported(django: Any) -> None:
    """Require that a connection of Django is to PostgreSQL with psycopg 3, or to SQLite, by any engine of Django.

    Raises:
        ConfigurationError: it is not.
    """
    where = f"DATABASES[{django.alias!r}]"
    if django.vendor not in {"postgresql", "sqlite"}:
        raise ConfigurationError(f"{where}: {django.display_name} is not supported; use PostgreSQL or SQLite")
    if django.vendor == "postgresql" and django.Database.__name__ != "psycopg":
        raise ConfigurationError(f"{where}: psycopg2 is not supported; pip install 'ticket-export[django,postgres]'")


def engine_of(alias: str) -> Engine:
    """Return the library's engine on that database of Django, with connections of its own.

    While Django's tests run, the engine keeps no connection open, so that their databases can be dropped. A SQLite
    connection has the functions that Django's own lookups call.

    Raises:
        ConfigurationError: the database is neither PostgreSQL nor a SQLite file.
    """
    django: Any = connections[alias]
    is_file = django.vendor != "sqlite" or not (
        django.is_in_memory_db() or str(django.settings_dict["NAME"]).startswith("file:")
    )
    if not is_file:
        raise ConfigurationError(
            f"DATABASES[{alias!r}]: an export needs several connections, so the database must be a file; in tests, use "
            "exports_in_tests of ticket_export.testing.django"
        )
    # Django's tests change the name of the database.
    return _engine(alias, database_url(alias), is_in_tests=hasattr(mail, "outbox"))


@lru_cache(maxsize=16)
def _engine(alias: str, url: str, *, is_in_tests: bool) -> Engine:
    engine = create_engine_without_pool(url) if is_in_tests else create_engine(url)
    engine.update_execution_options(**{MIGRATED_BY: manage_migrate(alias)})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_django(connections[alias].settings_dict["OPTIONS"].get("init_command", "")))
    return engine


def manage_migrate(alias: str) -> str:
    """Return the command that migrates that database of Django."""
    return MANAGE_MIGRATE if alias == DEFAULT_DB_ALIAS else f"{MANAGE_MIGRATE} --database {shlex.quote(alias)}"


def _as_django(init_command: str) -> Callable[[sqlite3.Connection, ConnectionPoolEntry], None]:
    commands = [each for each in map(str.strip, init_command.split(";")) if each]

    def set_up(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        register_django_functions(connection)
        for command in commands:
            connection.execute(command)

    return set_up


def _postgresql_url(django: Any) -> URL:
    given = {key: value for key, value in django.get_connection_params().items() if key not in _NOT_LIBPQ}
    options = django.settings_dict["OPTIONS"]
    if role := options.get("assume_role"):
        # PostgreSQL sets the parameter `role` as SET ROLE does.
        escaped = str(role).replace("\\", "\\\\").replace(" ", "\\ ")
        given["options"] = f"{given.get('options', '')} -c role={escaped}".strip()
    parts: dict[str, Any] = {_NAMES[key]: given.pop(key) for key in _NAMES.keys() & given.keys()}
    if "port" in parts:
        parts["port"] = int(parts["port"])
    if "username" not in parts and "password" in parts:
        # Such as for the user of the process. In the authority of a URL, there is no password without a user.
        given["password"] = parts.pop("password")
    # A host may be the folder of a socket, which has no place before the path of a URL.
    return URL.create(
        "postgresql", **parts, query={key: str(value) for key, value in given.items() if value is not None}
    )
