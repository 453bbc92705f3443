from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from ticket_export.application.actor import Actor
from ticket_export.application.checks.directory_check import known_user_problems, nobody_of, unknown_user_problems
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.errors import ConfigurationError

ADA, BEN = Actor(user_id=1), Actor(user_id=2)


class Directory(UserDirectory):
    """Finds what a test puts in, and no addresses."""

    def __init__(self, users: Mapping[UserId, Any], by_email: Any = None) -> None:
        self._users, self._by_email = users, by_email

    def find(self, user_id: UserId) -> Any:
        return self._users.get(user_id)

    def find_by_email(self, email_address: str) -> Any:
        if isinstance(self._by_email, Exception):
            raise self._by_email
        return self._by_email


@pytest.mark.parametrize("user_key", [UUID, int, str])
def test_nobody_has_a_key_of_the_type_of_the_users(user_key: UserKeyType) -> None:
    assert isinstance(nobody_of(user_key), user_key)
    assert list(unknown_user_problems(Directory({1: ADA}), nobody_of(user_key))) == []


def test_a_directory_that_does_not_look_for_addresses_is_right() -> None:
    directory = Directory({}, ConfigurationError("it does not look for e-mail addresses"))
    assert list(unknown_user_problems(directory, -1)) == []


def test_a_directory_that_finds_nobody_for_an_address_is_told_otherwise() -> None:
    (finding,) = unknown_user_problems(Directory({}, ADA), -1)
    assert finding.what == "Directory.find_by_email returns an Actor for a user who does not exist"


def test_the_users_who_are_found_are_the_actors() -> None:
    actors: list[Actor] = []
    assert list(known_user_problems(Directory({1: ADA, 2: BEN}), [1, 3, 2], actors)) == []
    assert actors == [ADA, BEN]


@pytest.mark.parametrize(
    ("users", "asked", "told"),
    [
        ({1: BEN}, 1, "the Actor of another user"),
        ({"1": ADA}, "1", "an Actor whose user_id is of type int, not str"),
        ({1: {"id": 1}}, 1, "a dict"),
    ],
)
def test_anything_but_the_actor_of_that_user_is_a_finding(
    users: Mapping[UserId, Any], asked: UserId, told: str
) -> None:
    actors: list[Actor] = []
    (finding,) = known_user_problems(Directory(users), [asked, uuid4()], actors)
    assert finding.what == f"Directory.find returns {told}"
    assert actors == []
