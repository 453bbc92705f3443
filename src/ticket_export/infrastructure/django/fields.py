"""The fields and the index of models over the library's tables that Django does not have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.expressions import Col
from django.utils import timezone

from ticket_export.infrastructure.django.users_table import user_key_of_model
from ticket_export.infrastructure.persistence.sqlite_moments import write_moment

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    # Only its stubs know what the field holds.
    _DateTimeField = models.DateTimeField[datetime, datetime]
    _Field = models.Field[Any, Any]
else:
    _DateTimeField, _Field = models.DateTimeField, models.Field


class _MomentColumn(Col):
    """A moment in a query, as a ``timestamptz``, so that Django's conversions to a zone begin at the right one.

    The column is a ``timestamp`` in UTC, or a ``timestamptz`` in a table that another program made. Seconds since 1970
    mean the same for both, in any session's zone.
    """

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        sql, params = self.as_sql(compiler, connection)
        return f"to_timestamp(extract(epoch FROM {sql}))", params


class UtcDateTimeField(_DateTimeField):
    """A moment, stored as the library stores it: a ``timestamp`` without time zone in UTC, a text on SQLite.

    In Python it is what Django's own field has: aware with ``USE_TZ``, here in UTC; without, naive in ``TIME_ZONE``.
    Queries and updates are right for a ``timestamptz`` of another program too; ``bulk_update`` needs a session in UTC
    there, which is Django's default.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the seed's type, which Django itself never creates."""
        return "timestamp without time zone" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_col(self, alias: str, output_field: models.Field[Any, Any] | None = None) -> Col:
        """Return the column in a query."""
        return _MomentColumn(alias, self, output_field)

    def from_db_value(
        self, value: datetime | None, _expression: object, connection: BaseDatabaseWrapper
    ) -> datetime | None:
        """Return the stored moment."""
        if value is None:
            return None
        # SQLite's texts have no zone, and Django takes them to be in that of the database's settings.
        is_naive = value.tzinfo is None or (connection.vendor == "sqlite" and value.tzinfo is connection.timezone)
        moment = value.replace(tzinfo=UTC) if is_naive else value.astimezone(UTC)
        return moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return what the driver stores, or compares with a stored moment."""
        value = value if prepared else self.get_prep_value(value)
        if not isinstance(value, datetime):
            return super().get_db_prep_value(value, connection, prepared=True)
        moment = value if value.tzinfo else timezone.make_aware(value, timezone.get_default_timezone())
        # A text without a type: a ``timestamp`` ignores the offset, a ``timestamptz`` reads it.
        return write_moment(moment) if connection.vendor == "sqlite" else moment.astimezone(UTC).isoformat(" ")


class UserKeyField(_Field):
    """The key of a user who may be deleted: a number, a UUID or a text, as ``AUTH_USER_MODEL`` has it."""

    def get_internal_type(self) -> str:
        """Return the field of Django that stores such keys."""
        return self._stored.get_internal_type()

    def to_python(self, value: Any) -> Any:
        """Return the key."""
        return self._stored.to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        """Return what the driver stores."""
        return self._stored.get_prep_value(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return what the driver stores."""
        return self._stored.get_db_prep_value(value, connection, prepared)

    @property
    def _stored(self) -> models.Field[Any, Any]:
        # Not of the state of a migration, which has no user model where it makes a table again.
        return _STORED[user_key_of_model(get_user_model())]


_STORED: Final[dict[type, models.Field[Any, Any]]] = {
    int: models.BigIntegerField(),
    UUID: models.UUIDField(),
    str: models.TextField(),
}


class ExportIndex(models.Index):
    """An index with the seed's name, which may be longer than Django's limit for every database it knows."""

    max_name_length = 63
