"""The command that creates and upgrades the tables of a database, for messages that tell somebody to run it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

#: An execution option of an engine: what creates and upgrades the tables of its database, if not the library's own
#: command.
MIGRATED_BY: Final = "ticket_export_migrated_by"
#: The library's own command.
MIGRATE: Final = "ticket-export migrate"
#: The command of a host on Django.
MANAGE_MIGRATE: Final = "python manage.py migrate"


def migrate_command(database: Engine | Connection) -> str:
    """Return the command for messages about this database, without a look at it."""
    return str(database.get_execution_options().get(MIGRATED_BY, MIGRATE))


def other_migrate_command(connection: Connection) -> str | None:
    """Return the command that migrates this database in place of the library's own; None if there is no other.

    The engine says so, or the database itself: Django records there that it has migrated the application.
    """
    command = migrate_command(connection)
    if command != MIGRATE:
        return command
    # Not of another schema, such as that of another tenant.
    if not inspect(connection).has_table("django_migrations"):
        return None
    recorded = text("SELECT 1 FROM django_migrations WHERE app = 'ticket_export' LIMIT 1")
    return MANAGE_MIGRATE if connection.execute(recorded).scalar() else None
