"""Checks of the database before a migration changes it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from ticket_export.errors import ConfigurationError, MissingTableError
from ticket_export.infrastructure.persistence.host_tables import HostTableNames


def host_table_names() -> HostTableNames:
    """Return the names of the host's tables that the migration was called with."""
    config = op.get_context().config
    assert config is not None  # noqa: S101 - `migrate` always sets it
    names: HostTableNames = config.attributes["names"]
    return names


def require_tables(*names: str) -> None:
    """Raise `MissingTableError`, which names all missing tables."""
    missing = [name for name in names if name not in _existing()]
    if missing:
        raise MissingTableError(
            f"the database lacks {_listed(missing)}, which ExportJobs refers to; create the missing tables first, "
            "or set your tables' names in the container (table_names); the reference schema is only for a help desk "
            "without tables of its own"
        )


def refuse_existing(*names: str) -> None:
    """Raise `ConfigurationError`, which names all tables that already exist."""
    existing = [name for name in names if name in _existing()]
    if existing:
        raise ConfigurationError(f"the database already has {_listed(existing)}, which this migration would create")


def _existing() -> set[str]:
    return set(sa.inspect(op.get_bind()).get_table_names())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
