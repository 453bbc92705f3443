"""The user whom a command names: by e-mail address or by key."""

from __future__ import annotations

from uuid import UUID

import pytest

from ticket_export import Actor, ConfigurationError, HostTableNames, TicketExportContainer, UserDirectory, UserId
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserKeyType
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.session import Session
from ticket_export.testing.memory import InMemoryUserDirectory

ANN: dict[UserKeyType, UserId] = {UUID: UUID(int=7), int: 7, str: "ann"}


class KeysOnly(UserDirectory):
    """Does not find users by their address."""

    def __init__(self, user_id: UserId) -> None:
        self.user_id = user_id

    def find(self, user_id: UserId) -> Actor | None:
        return Actor(user_id=user_id) if user_id == self.user_id else None


def session_with(directory: UserDirectory, user_key: UserKeyType) -> Session:
    container = TicketExportContainer()
    container.table_names.override(HostTableNames(users=None, user_key=user_key))
    container.user_directory.override(directory)
    session = Session()
    session.opened_container = container
    return session


@pytest.mark.parametrize("user_key", ANN)
def test_a_user_is_named_by_address_or_key(user_key: UserKeyType) -> None:
    directory = InMemoryUserDirectory()
    directory.add(User(id=ANN[user_key], email_address="ann@a.test"))
    session = session_with(directory, user_key)
    for user in ("Ann@a.test", str(ANN[user_key])):
        assert session.actor(user) == Actor(user_id=ANN[user_key])
        assert session.user_id("USER", user) == ANN[user_key]
    with pytest.raises(BadInputError, match="no active user has the e-mail address or the key 'bob'"):
        session.actor("bob")


@pytest.mark.parametrize("user_key", ANN)
def test_a_directory_without_addresses_finds_users_by_key(user_key: UserKeyType) -> None:
    session = session_with(KeysOnly(ANN[user_key]), user_key)
    assert session.actor(str(ANN[user_key])) == Actor(user_id=ANN[user_key])
    assert session.user_id("USER", str(ANN[user_key])) == ANN[user_key]


@pytest.mark.parametrize("user_key", [UUID, int])
def test_an_address_for_a_directory_without_addresses_is_an_error_that_says_so(user_key: UserKeyType) -> None:
    session = session_with(KeysOnly(ANN[user_key]), user_key)
    with pytest.raises(
        ConfigurationError, match=r"^KeysOnly does not find users by their e-mail address; give the key"
    ):
        session.actor("ann@a.test")


def test_the_key_of_a_user_who_is_gone_is_taken_where_no_actor_is_needed() -> None:
    session = session_with(InMemoryUserDirectory(), int)
    assert session.user_id("USER", "8") == 8
    with pytest.raises(BadInputError, match=r"'ann' is not the e-mail address of an active user, nor .* of type int"):
        session.user_id("USER", "ann")


@pytest.mark.parametrize("user", ["\x00", "\ud800"], ids=ascii)
def test_a_text_that_cannot_be_stored_is_refused(user: str) -> None:
    with pytest.raises(BadInputError, match="--as"):
        session_with(InMemoryUserDirectory(), str).actor(user)
