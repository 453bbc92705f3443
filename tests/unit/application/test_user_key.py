from __future__ import annotations

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.use_cases.help_desk import PERMITTED, VIEW, HelpDesk
from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.rights import Rights
from ticket_export.application.user_key import UserKey
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.errors import ConfigurationError
from ticket_export.testing.entities import a_job, a_user

AN_ID = UUID("00000000-0000-4000-8000-000000000007")
KINDS: tuple[UserKeyType, ...] = (UUID, int, str)


class Number(IntEnum):
    SEVEN = 7


class DriversUuid(UUID):
    """As a driver returns it."""


@pytest.mark.parametrize(
    ("kind", "user_id"),
    [
        *((UUID, AN_ID), (UUID, DriversUuid(int=7))),
        *((int, 0), (int, -(2**63)), (int, 2**63 - 1), (int, Number.SEVEN)),
        *((str, ""), (str, "7"), (str, str(AN_ID)), (str, " Zoë "), (str, "\U0001f3ab" * 500)),
    ],
    ids=repr,
)
def test_a_key_of_the_type_is_accepted(kind: UserKeyType, user_id: UserId) -> None:
    UserKey(kind).require(user_id, "actor.user_id")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user_id", [None, True, False, 7.0, b"7", (7,), 7, "7", AN_ID], ids=repr)
def test_a_key_of_another_type_is_refused_with_both_types(kind: UserKeyType, user_id: object) -> None:
    if type(user_id) is kind:
        return
    with pytest.raises(
        ConfigurationError,
        match=rf"^actor\.user_id is of type {type(user_id).__name__}, but .* keys of type {kind.__name__}; ",
    ):
        UserKey(kind).require(user_id, "actor.user_id")


@pytest.mark.parametrize(
    ("kind", "user_id", "why"),
    [
        (int, 2**63, "beyond 64 bits"),
        (int, -(2**63) - 1, "beyond 64 bits"),
        (str, "a\x00b", "NUL"),
        (str, "\ud800", "surrogate"),
        (str, "a" * 501, "501 characters, more than 500"),
    ],
    ids=repr,
)
def test_a_key_that_a_database_cannot_store_is_refused(kind: UserKeyType, user_id: UserId, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        UserKey(kind).require(user_id, "actor.user_id")


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_written_key_is_read_again(kind: UserKeyType, data: st.DataObject) -> None:
    keys: dict[UserKeyType, st.SearchStrategy[Any]] = {
        UUID: st.uuids(),
        int: st.integers(-(2**63), 2**63 - 1),
        str: st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=500),
    }
    key = data.draw(keys[kind])
    assert UserKey(kind).parse(str(key)) == key


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            (int, text)
            for text in ("07", "+7", "7.0", "7_0", " 7", "seven", "", "\uff17", str(2**63), "ann@example.test")
        ),
        *((UUID, text) for text in ("", "7", AN_ID.hex, f"{{{AN_ID}}}", f" {AN_ID}", "ann@example.test")),
        *((str, text) for text in ("\x00", "\ud800", "a" * 501)),
    ],
    ids=ascii,
)
def test_another_spelling_is_no_key(kind: UserKeyType, text: str) -> None:
    assert UserKey(kind).parse(text) is None


def test_a_uuid_may_be_typed_in_capitals() -> None:
    assert UserKey(UUID).parse(str(AN_ID).upper()) == AN_ID


def dto_of(user_id: UserId) -> ExportJobDto:
    return ExportJobDto.of(a_job(attrs.evolve(a_user(), id=user_id)))


@pytest.mark.parametrize("user_id", [AN_ID, 7, -(2**63), 2**63 - 1, "7", "", " Ann ", AN_ID.hex, str(AN_ID)], ids=repr)
def test_no_model_converts_a_key(user_id: UserId) -> None:
    dto = dto_of(user_id)
    for same in (dto, ExportJobDto.model_validate(dto.model_dump()), dto.model_copy()):
        assert (same.requester_user_id, type(same.requester_user_id)) == (user_id, type(user_id))
    written = json.loads(dto.model_dump_json())["requesterUserId"]
    assert written == (str(user_id) if isinstance(user_id, UUID) else user_id)
    assert type(written) is (int if isinstance(user_id, int) else str)


@pytest.mark.parametrize("user_id", [AN_ID, 7, "7", "", AN_ID.hex, f"{{{AN_ID}}}"], ids=repr)
def test_a_key_in_json_is_read_as_it_was(user_id: UserId) -> None:
    again = ExportJobDto.model_validate_json(dto_of(user_id).model_dump_json())
    assert (again.requester_user_id, type(again.requester_user_id)) == (user_id, type(user_id))


@pytest.mark.parametrize("user_id", [True, None, 7.0, b"7", [7]], ids=repr)
def test_a_model_refuses_what_is_no_key(user_id: object) -> None:
    with pytest.raises(ValueError, match="a user's key is a UUID, an integer or a text"):
        ExportJobDto.model_validate(dto_of(7).model_dump() | {"requesterUserId": user_id})


class IntegerDesk(HelpDesk):
    """A help desk whose users have numbers."""

    @property
    def rights(self) -> Rights:
        return attrs.evolve(super().rights, user_key=UserKey(int))


@pytest.mark.parametrize("user_id", ["7", AN_ID, True], ids=repr)
def test_every_use_case_refuses_an_actor_of_another_type(user_id: UserId) -> None:
    desk, actor, job_id = IntegerDesk(), Actor(user_id=user_id, is_admin=True, permissions=PERMITTED), uuid4()
    calls: dict[str, Callable[[], object]] = {
        "request": lambda: desk.request_export(actor, VIEW),
        "retry": lambda: desk.retry_export(actor, job_id),
        "cancel": lambda: desk.cancel_export(actor, job_id),
        "get": lambda: desk.get_export(actor, job_id),
        "list": lambda: desk.list_exports(actor),
        "download": lambda: desk.open_download(actor, job_id),
    }
    for call in calls.values():
        with pytest.raises(ConfigurationError, match=r"^actor\.user_id is of type \w+, but .* keys of type int; "):
            call()
    assert desk.database.committed.jobs == {}


def test_forgetting_a_key_of_another_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^user_id is of type str, but .* keys of type UUID; "):
        HelpDesk().forget_user(str(AN_ID))
