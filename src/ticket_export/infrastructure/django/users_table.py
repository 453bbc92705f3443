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
    key, options = user_key_of_model(user_model), user_model._meta
    if not router.allow_migrate_model(alias, user_model):
        return HostTableNames(users=None, user_key=key)
    own = {field.name: str(field.column) for field in options.local_concrete_fields}
    wanted = {**_COLUMNS, "email_address": getattr(user_model, "EMAIL_FIELD", "") or "email"}
    columns: dict[str, HostColumn] = {name: own[field] for name, field in wanted.items() if field in own}
    name, schema = _table_name(options.db_table)
    users = HostTable(name, {"id": str(options.pk.column), **columns}, schema=schema)
    return HostTableNames(users=users, user_key=key)


def _table_name(db_table: str) -> tuple[str, str | None]:
    # Django takes a name in quotes as it is, and hosts name a schema so: "hr"."people".
    if not (len(db_table) > 2 and db_table.startswith('"') and db_table.endswith('"')):
        return db_table, None
    schema, found, name = db_table[1:-1].partition('"."')
    return (name, schema) if found else (schema, None)


def user_key_of_model(user_model: type[models.Model]) -> UserKeyType:
    """Return the type of the primary key of a user.

    Raises:
        ConfigurationError: it is not a number, a UUID or a text.
    """
    field: Any = user_model._meta.pk
    # A model that inherits from another one has the key of that one.
    while field.remote_field is not None:
        field = field.target_field
    for kind, key in _KEYS:
        if isinstance(field, kind):
            return key
    raise ConfigurationError(
        f"{user_model._meta.label}.{field.name}: a key of type {type(field).__name__} is not supported; "
        "users have a number, a UUID or a text as their primary key"
    )
