from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs
import pytest

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.application.requester_names import RequesterNames
from ticket_export.domain.user_id import UserId
from ticket_export.testing.entities import a_job, a_user


class Directory(UserDirectory, SupportsNames):
    def __init__(self, answer: Callable[[Collection[UserId]], Any]) -> None:
        self.answer = answer
        self.asked: list[tuple[UserId, ...]] = []

    def find(self, user_id: UserId) -> Actor | None:
        raise NotImplementedError

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        self.asked.append(tuple(user_ids))
        found: Mapping[UserId, str] = self.answer(user_ids)
        return found


class Nameless(UserDirectory):
    def find(self, user_id: UserId) -> Actor | None:
        raise NotImplementedError


def page(*user_ids: UserId, named: bool = False) -> list[ExportJobDto]:
    jobs = [a_job(attrs.evolve(a_user(), id=user_id)) for user_id in user_ids]
    for job, user_id in zip(jobs, user_ids, strict=True):
        job.requester = attrs.evolve(a_user(), id=user_id) if named else None
    return [ExportJobDto.of(job) for job in jobs]


def names_of(exports: list[ExportJobDto]) -> list[str | None]:
    return [each.requester_name for each in exports]


def test_the_directory_is_asked_once_for_all_users_of_a_page() -> None:
    directory = Directory(lambda user_ids: {user_id: f"user {user_id}" for user_id in user_ids})
    shown = RequesterNames(lambda: directory).added_to(page(7, 8, 7, 9))
    assert names_of(shown) == ["user 7", "user 8", "user 7", "user 9"]
    assert directory.asked == [(7, 8, 9)]


def test_a_name_of_the_users_table_is_kept_and_not_asked_for() -> None:
    directory = Directory(lambda user_ids: dict.fromkeys(user_ids, "another"))
    named = page("ann", named=True)
    shown = RequesterNames(lambda: directory).added_to([*named, *page("bob")])
    assert names_of(shown) == [named[0].requester_name, "another"]
    assert directory.asked == [("bob",)]
    assert RequesterNames(lambda: directory).added_to(named) == named
    assert len(directory.asked) == 1


def test_a_directory_without_names_leaves_the_page_as_it_is() -> None:
    exports = page(7, 8)
    assert RequesterNames(Nameless).added_to(exports) == exports
    assert RequesterNames(Nameless).added_to([]) == []


def fail(_user_ids: object) -> None:
    raise RuntimeError("away")


@pytest.mark.parametrize(
    "answer", [fail, lambda _: None, lambda _: ["Ann"], lambda _: 7], ids=["raises", "None", "list", "number"]
)
def test_a_list_is_shown_without_names_if_the_directory_fails(
    answer: Callable[[object], Any], caplog: pytest.LogCaptureFixture
) -> None:
    exports = page(7, 8)
    with caplog.at_level(logging.ERROR):
        assert RequesterNames(lambda: Directory(answer)).added_to(exports) == exports
    assert caplog.messages == ["the user directory returned no names of requesters"]


@pytest.mark.parametrize("name", [None, "", " ", 7, b"Ann", "a\x00", "\ud800"], ids=ascii)
def test_what_is_no_name_is_left_out(name: object) -> None:
    directory = Directory(lambda _: {7: name, 8: "Bob", 9: "somebody else", "8": "a text"})
    assert names_of(RequesterNames(lambda: directory).added_to(page(7, 8))) == [None, "Bob"]
