"""Rows of a PostgreSQL database, read and written without SQLAlchemy and without the library's mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import attrs
import psycopg
from psycopg.rows import dict_row

from tests.integration.persistence.sqlite_rows import TABLES, E, Stored, pascal_case, restored, stored_fields, to_raw
from tests.postgresql_server import conninfo
from ticket_export.domain.user_id import UserId, UserKeyType


@attrs.frozen
class PostgresqlRows:
    """What `SqliteRows` is to a file; `url` is SQLAlchemy's."""

    url: str
    user_key: UserKeyType = UUID

    def put(self, entity: Stored) -> None:
        # A table of an older version lacks some columns that may be null.
        names = [name for name in stored_fields(type(entity)) if getattr(entity, name) is not None]
        columns = ", ".join(f'"{pascal_case(name)}"' for name in names)
        values = [_to_raw(getattr(entity, name)) for name in names]
        marks = ", ".join(["%s"] * len(names))
        self.run(f'INSERT INTO "{TABLES[type(entity)]}" ({columns}) VALUES ({marks})', *values)

    def get(self, entity_type: type[E], entity_id: UUID) -> E | None:
        row = self.run(f'SELECT * FROM "{TABLES[entity_type]}" WHERE "Id" = %s', entity_id)
        if not row:
            return None
        return restored(
            entity_type, {name: _from_raw(row[0][pascal_case(name)]) for name in stored_fields(entity_type)}
        )

    def remove(self, entity: Stored) -> None:
        """Take the row away, if there is one."""
        self.run(f'DELETE FROM "{TABLES[type(entity)]}" WHERE "Id" = %s', entity.id)

    def give_roles(self, user_id: UserId, roles: Sequence[int]) -> None:
        """Take away what roles the user has, then give one role a sum of flags."""
        self.run('DELETE FROM "RoleUser" WHERE "UsersId" = %s', user_id)
        for flags in roles:
            role_id = uuid4()
            self.run('INSERT INTO "Roles" VALUES (%s, %s, %s, %s)', role_id, "Role", role_id.hex, int(flags))
            self.run('INSERT INTO "RoleUser" VALUES (%s, %s)', role_id, user_id)

    def run(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with closing(psycopg.connect(conninfo(self.url), row_factory=dict_row)) as connection, connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


def _to_raw(value: object) -> object:
    if isinstance(value, UUID):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return to_raw(value)


def _from_raw(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    # Of the spelling that was written, jsonb keeps nothing.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, dict | list) else value
