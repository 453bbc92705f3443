"""A user directory, asked for a user who does not exist and for a few who do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from uuid import UUID, uuid4

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.errors import ConfigurationError

_WHERE = "users"
#: An address that nobody has (RFC 2606).
_NOWHERE = "nobody@ticket-export.invalid"


def nobody_of(user_key: UserKeyType) -> UserId:
    """Return a key that no user has."""
    if user_key is int:
        return -1
    return uuid4() if user_key is UUID else f"nobody-{uuid4()}"


def unknown_user_problems(directory: UserDirectory, nobody: UserId) -> Iterator[Finding]:
    """Check that the directory finds nobody where there is nobody."""
    found: dict[str, object] = {"find": directory.find(nobody)}
    # A directory need not look for addresses.
    with suppress(ConfigurationError):
        found["find_by_email"] = directory.find_by_email(_NOWHERE)
    for method, user in found.items():
        if user is not None:
            yield error(
                _WHERE,
                f"{type(directory).__name__}.{method} returns {_of_type(user)} for a user who does not exist",
                "return None where there is no active user",
            )


def known_user_problems(directory: UserDirectory, user_ids: Iterable[UserId], actors: list[Actor]) -> Iterator[Finding]:
    """Check what the directory returns for these users, and add the actors that it returns to `actors`."""
    for user_id in user_ids:
        found: object = directory.find(user_id)
        if isinstance(found, Actor) and found.user_id == user_id and type(found.user_id) is type(user_id):
            actors.append(found)
        elif found is not None:  # None is for a user who is not active
            yield error(
                _WHERE,
                f"{type(directory).__name__}.find returns {_returned(found, user_id)}",
                "return an Actor of ticket_export with the user_id that was asked for, or None",
            )
            return


def _returned(found: object, user_id: UserId) -> str:
    if not isinstance(found, Actor):
        return _of_type(found)
    if type(found.user_id) is not type(user_id):
        return f"an Actor whose user_id is of type {type(found.user_id).__name__}, not {type(user_id).__name__}"
    return "the Actor of another user"


def _of_type(found: object) -> str:
    name = type(found).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
