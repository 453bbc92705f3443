"""Rows of a SQLite file, read and written without SQLAlchemy and without the library's mapping."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import attrs

from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId, UserKeyType

Stored = ExportJob | MediaItem | BackgroundTask | User
E = TypeVar("E", ExportJob, MediaItem, BackgroundTask, User)

TABLES = {ExportJob: "ExportJobs", MediaItem: "MediaItems", BackgroundTask: "BackgroundTasks", User: "Users"}
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
_JOINED = {"requester", "media_item", "background_task"}


@attrs.frozen
class SqliteRows:
    path: Path
    user_key: UserKeyType = UUID

    def put(self, entity: Stored) -> None:
        # A table of an older version lacks some columns that may be null.
        names = [name for name in stored_fields(type(entity)) if getattr(entity, name) is not None]
        columns = ", ".join(f'"{pascal_case(name)}"' for name in names)
        values = [to_raw(getattr(entity, name)) for name in names]
        marks = ", ".join("?" * len(names))
        self.run(f'INSERT INTO "{TABLES[type(entity)]}" ({columns}) VALUES ({marks})', *values)

    def get(self, entity_type: type[E], entity_id: UserId) -> E | None:
        row = self.run(f'SELECT * FROM "{TABLES[entity_type]}" WHERE "Id" = ?', _key(entity_id))
        if not row:
            return None
        fields = {
            name: self._from_raw(entity_type, name, row[0][pascal_case(name)]) for name in stored_fields(entity_type)
        }
        return restored(entity_type, fields)

    def _from_raw(self, entity_type: type[Stored], name: str, value: Any) -> Any:
        is_user = name.endswith("_user_id") or (entity_type is User and name == "id")
        return value if is_user and self.user_key is not UUID else _from_raw(name, value)

    def remove(self, entity: Stored) -> None:
        """Take the row away, if there is one."""
        self.run(f'DELETE FROM "{TABLES[type(entity)]}" WHERE "Id" = ?', _key(entity.id))

    def give_roles(self, user_id: UserId, roles: Sequence[int]) -> None:
        """Take away what roles the user has, then give one role a sum of flags."""
        self.run('DELETE FROM "RoleUser" WHERE "UsersId" = ?', _key(user_id))
        for flags in roles:
            role_id = uuid4().hex
            self.run('INSERT INTO "Roles" VALUES (?, ?, ?, ?)', role_id, "Role", role_id, int(flags))
            self.run('INSERT INTO "RoleUser" VALUES (?, ?)', role_id, _key(user_id))

    def run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            return connection.execute(sql, values).fetchall()


def stored_fields(entity_type: type[Stored]) -> list[str]:
    return [field.name for field in attrs.fields(entity_type) if field.name not in _JOINED]


def restored(entity_type: type[E], fields: dict[str, Any]) -> E:
    """The entity, whose status is still the text that was stored."""
    if entity_type is ExportJob:
        fields["status"] = ExportJobStatus.from_developer_name(fields["status"])
    if entity_type is BackgroundTask:
        fields["status"] = BackgroundTaskStatus(fields["status"])
    return entity_type(**fields)


def pascal_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def to_raw(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.strftime(_TIME_FORMAT)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ExportJobStatus):
        return value.developer_name
    return value


def _from_raw(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "id" or name.endswith("_id"):
        return UUID(value)
    if name.endswith(("_time", "_at", "_until")):
        return datetime.strptime(value, _TIME_FORMAT).replace(tzinfo=UTC)
    if name.startswith("is_"):
        return bool(value)
    return value


def _key(entity_id: UserId) -> str | int:
    return entity_id.hex if isinstance(entity_id, UUID) else entity_id
