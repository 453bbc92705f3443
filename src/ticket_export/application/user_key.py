"""The one type of key that all users of a container have."""

from __future__ import annotations

import re
from typing import Annotated, Final
from uuid import UUID

import attrs
from pydantic import PlainValidator, ValidationInfo

from ticket_export.application.actor import Actor
from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.errors import ConfigurationError

_CANONICAL_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Characters; PostgreSQL refuses an index entry of more than 2,700 bytes.
_LONGEST: Final = 500
# The numbers that a BIGINT of both databases holds.
_LEAST, _LARGEST = -(2**63), 2**63 - 1


@attrs.frozen
class UserKey:
    """Checks that a user's key is of the container's type, so that `7` and ``"7"`` are never two users."""

    type: UserKeyType = UUID

    def require(self, user_id: object, where: str) -> None:
        """Check a key; `where` says in the message which key it is.

        Raises:
            ConfigurationError: it is of another type, or the database cannot store it: a number beyond 64 bits, or a
                text of more than 500 characters, with a NUL character or with half of a surrogate pair.
        """
        # A bool is an int in Python.
        if not isinstance(user_id, self.type) or isinstance(user_id, bool):
            raise ConfigurationError(
                f"{where} is of type {type(user_id).__name__}, but the users of this container have keys of type "
                f"{self.type.__name__}; convert it, or set user_key in HostTableNames"
            )
        if isinstance(user_id, int) and not _LEAST <= user_id <= _LARGEST:
            raise ConfigurationError(f"{where} is a number beyond 64 bits, which no database column of keys holds")
        if isinstance(user_id, str):
            if len(user_id) > _LONGEST:
                raise ConfigurationError(f"{where} has {len(user_id):,} characters, more than {_LONGEST}")
            try:
                require_storable(user_id)
            except ValueError as error:
                raise ConfigurationError(f"{where}, {quoted(user_id)}, {error}") from None

    def require_actor(self, actor: Actor) -> None:
        """Check the key of the acting user.

        Raises:
            ConfigurationError: as for `require`.
        """
        self.require(actor.user_id, "actor.user_id")

    def parse(self, text: str) -> UserId | None:
        """Return the key that is written as `text`, or None if no key is."""
        try:
            key = self.type(text)
            self.require(key, "the key")
        except ValueError:
            return None
        # Python reads other spellings too, such as "+0_7".
        return key if str(key) == (text.lower() if self.type is UUID else text) else None


def _read(value: object, info: ValidationInfo) -> UserId:
    if isinstance(value, bool) or not isinstance(value, UUID | int | str):
        raise ValueError("a user's key is a UUID, an integer or a text")
    # JSON has no UUIDs. A text becomes one only in the spelling that a UUID is written in.
    if info.mode == "json" and isinstance(value, str) and _CANONICAL_UUID.fullmatch(value):
        return UUID(value)
    return value


#: A user's key in a model. No type is converted to another: a number stays a number, in JSON too. JSON has no UUIDs; a
#: text that is spelled as a UUID is read as one.
UserIdField = Annotated[UUID | int | str, PlainValidator(_read, json_schema_input_type=UUID | int | str)]
