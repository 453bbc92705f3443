"""What a migration asks of the database before it changes anything."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from ticket_export.errors import ConfigurationError, MissingTableError
from ticket_export.infrastructure.persistence.host_tables import HostTableNames


def host_table_names() -> HostTableNames:
    """The names that the migration was called with."""
    config = op.get_context().config
    assert config is not None  # noqa: S101 - `migrate` always gives one
    names: HostTableNames = config.attributes["names"]
    return names


def require_tables(*names: str) -> None:
    """Raise `MissingTableError`, naming all that are not there."""
    missing = [name for name in names if name not in _existing()]
    if missing:
        raise MissingTableError(
            f"the database lacks {_listed(missing)}, which ExportJobs refers to; create what is missing "
            "first, or let the container name the tables (table_names); only a help desk without tables of its own "
            "takes the reference schema"
        )


def refuse_existing(*names: str) -> None:
    """Raise `ConfigurationError`, naming all tables that another hand has already made."""
    existing = [name for name in names if name in _existing()]
    if existing:
        raise ConfigurationError(f"the database already has {_listed(existing)}, which this migration would create")


def _existing() -> set[str]:
    return set(sa.inspect(op.get_bind()).get_table_names())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
