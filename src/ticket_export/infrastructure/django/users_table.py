"""The table of Django's user model, as the library's table of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import models, router

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.host_tables import HostColumn, HostTable, HostTableNames

if TYPE_CHECKING:
    from ticket_export.domain.user_id import UserKeyType

_KEYS: Final[tuple[tuple[type[models.Field[Any, Any]], type], ...]] = (
    (models.IntegerField, int),
    (models.UUIDField, UUID),
    (models.CharField, str),
    (models.TextField, str),
)
# Fields of Django's own user model. Names come from the user directory, since each model has its own.
_COLUMNS: Final = {"is_admin": "is_superuser", "is_active": "is_active"}


def host_table_names(user_model: type[models.Model], alias: str) -> HostTableNames:
    """Return the table of users and the type of their keys, for the tables of exports in the database `alias`.

    There is no foreign key to users that a router keeps in another database.

    Raises:
        ConfigurationError: the primary key of the user model is not a number, a UUID or a text.
    """
    key, options = _key_of(user_model), user_model._meta
    if not router.allow_migrate_model(alias, user_model):
        return HostTableNames(users=None, user_key=key)
    own = {field.name: str(field.column) for field in options.local_concrete_fields}
    wanted = {**_COLUMNS, "email_address": getattr(user_model, "EMAIL_FIELD", "") or "email"}
    columns: dict[str, HostColumn] = {name: own[field] for name, field in wanted.items() if field in own}
    return HostTableNames(users=HostTable(options.db_table, {"id": str(options.pk.column), **columns}), user_key=key)


def _key_of(user_model: type[models.Model]) -> UserKeyType:
    field: Any = user_model._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    for kind, key in _KEYS:
        if isinstance(field, kind):
            return key
    raise ConfigurationError(
        f"{user_model._meta.label}.{field.name}: a key of type {type(field).__name__} is not supported; "
        "users have a number, a UUID or a text as their primary key"
    )
