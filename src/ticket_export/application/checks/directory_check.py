"""A user directory, asked for a user who does not exist and for a few who do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID, uuid4

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.user_directory import UserDirectory

_WHERE = "users"
#: An address that nobody has (RFC 2606).
NOBODY = "nobody@ticket-export.invalid"


def directory_problems(directory: UserDirectory) -> Iterator[Finding]:
    """Check that the directory finds nobody where there is nobody."""
    asked = {
        "find(an unknown id)": directory.find(uuid4()),
        f"find_by_email({NOBODY!r})": directory.find_by_email(NOBODY),
    }
    for call, found in asked.items():
        if found is not None:
            yield error(
                _WHERE,
                f"{_name(directory)}.{call} returns a {type(found).__name__}, and no user has it",
                "return None where there is no active user",
            )


def found_actors(directory: UserDirectory, user_ids: Iterable[UUID], problems: list[Finding]) -> Iterator[Actor]:
    """Return the actors of those ids, and add what is wrong with one of them to `problems`."""
    for user_id in user_ids:
        found: object = directory.find(user_id)
        if found is None:  # such as a user who is not active
            continue
        if not isinstance(found, Actor):
            problems.append(
                error(
                    _WHERE,
                    f"{_name(directory)}.find returns a {type(found).__name__}",
                    "return an Actor of ticket_export, or None",
                )
            )
        elif found.user_id != user_id:
            problems.append(
                error(
                    _WHERE,
                    f"{_name(directory)}.find returns another user than the one of the id",
                    "give the Actor the user_id that was asked for",
                )
            )
        else:
            yield found
            continue
        return


def _name(directory: UserDirectory) -> str:
    return type(directory).__name__
