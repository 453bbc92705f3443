"""The fields of models over the library's tables that Django has no field for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    # Only its stubs know what the field holds.
    _DateTimeField = models.DateTimeField[datetime, datetime]
else:
    _DateTimeField = models.DateTimeField


class UtcDateTimeField(_DateTimeField):
    """A moment, aware and in UTC; stored as a ``timestamp`` without time zone, which Django itself never creates."""

    def from_db_value(self, value: datetime | None, *_: object) -> datetime | None:
        """Return the stored moment, aware."""
        return None if value is None else value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return what the driver compares with a stored moment."""
        value = value if prepared else self.get_prep_value(value)
        if connection.vendor == "postgresql" and isinstance(value, datetime) and value.tzinfo:
            return value.astimezone(UTC).replace(tzinfo=None)
        return super().get_db_prep_value(value, connection, prepared=True)
