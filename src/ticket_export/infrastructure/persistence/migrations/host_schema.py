"""What a migration knows about the database that it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.host_tables import SEED_TABLE_NAMES, HostTableNames


def host_table_names() -> HostTableNames:
    """Return the names of the host's tables that the migration was called with."""
    names: HostTableNames = _attribute("names", SEED_TABLE_NAMES)
    return names


def is_adopted(table: str) -> bool:
    """Whether another program made the table, so that a downgrade must not drop it."""
    return table in _attribute("adopted", ())


def has_own_tasks() -> bool:
    """Whether the tasks of exports get a table of their own."""
    return bool(_attribute("own_tasks", False))


def refuse_existing(*names: str) -> None:
    """Raise `ConfigurationError`, which names all tables that already exist."""
    existing = [name for name in names if name in _existing()]
    if existing:
        raise ConfigurationError(f"the database already has {_listed(existing)}, which this migration would create")


def _attribute(name: str, default: object) -> Any:
    config = op.get_context().config
    assert config is not None  # noqa: S101 - `migrate` always sets it
    return config.attributes.get(name, default)


def _existing() -> set[str]:
    return set(sa.inspect(op.get_bind()).get_table_names())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
