"""A rule of the host that does not clearly permit is an error, and never a permission."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from enum import IntEnum
from typing import Any, cast
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.application.test_export_policy import OTHERS, STAFF, job_of, rights
from tests.unit.application.use_cases.help_desk import PERMITTED, VIEW, HelpDesk
from ticket_export import EVERYONE, ONLY_OWN, Actor, ConfigurationError, ExportNotFoundError, ExportPolicy, UserId
from ticket_export.application.export_policy import VisibleRequesters
from ticket_export.application.rights import Sight, find_visible_export
from ticket_export.application.user_key import UserKey
from ticket_export.testing.entities import user_key_of

SECRET = "hunter2"


class Answering(ExportPolicy):
    """Every method calls `answer`, whatever it returns."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    def may_request(self, actor: Actor) -> bool:
        return cast(bool, self.answer())

    def share_key(self, actor: Actor) -> str:
        return cast(str, self.answer())

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        return cast(VisibleRequesters, self.answer())

    def may_download(self, actor: Actor, job: object) -> bool:
        return cast(bool, self.answer())


def answering(answer: Any) -> ExportPolicy:
    return Answering(lambda: answer)


def raising(error: Exception) -> ExportPolicy:
    def fail() -> None:
        raise error

    return Answering(fail)


ASKED: dict[str, Callable[[ExportPolicy], object]] = {
    "may_request": lambda policy: rights(policy).refusal_of_request(STAFF),
    "share_key": lambda policy: rights(policy).share_key(STAFF),
    "visible_requesters": lambda policy: rights(policy).sight(STAFF),
    "may_download": lambda policy: rights(policy).refusal_of_download(STAFF, OTHERS),
}


@pytest.mark.parametrize(("method", "ask"), ASKED.items(), ids=ASKED)
def test_a_rule_that_raises_is_a_configuration_error_with_its_cause(
    method: str, ask: Callable[[ExportPolicy], object]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask(raising(KeyError(SECRET)))
    assert str(caught.value) == f"container.policy: {method} raised KeyError"
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_configuration_error_of_a_rule_is_not_wrapped(ask: Callable[[ExportPolicy], object]) -> None:
    own = ConfigurationError("there is no team table")
    with pytest.raises(ConfigurationError) as caught:
        ask(raising(own))
    assert caught.value is own


@pytest.mark.parametrize("answer", [None, 1, 0, "yes", "", [True], object(), EVERYONE])
@pytest.mark.parametrize("method", ["may_request", "may_download"])
def test_a_right_is_true_or_false(method: str, answer: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"^container\.policy: {method} returned .*; return True or False$"):
        ASKED[method](answering(answer))


@pytest.mark.parametrize("answer", [None, 7, True, b"a", ["a"], UUID(int=1)], ids=repr)
def test_a_share_key_is_a_text(answer: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^container\.policy: share_key returned .*; return a text$"):
        rights(answering(answer)).share_key(STAFF)


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        ({}, str(STAFF.user_id)),
        ({"tenant": None}, str(STAFF.user_id)),
        ({"tenant": "acme"}, "acme"),
        ({"tenant": 7}, "7"),
        ({"tenant": UUID(int=7)}, str(UUID(int=7))),
    ],
    ids=["no tenant", "empty tenant", "text", "number", "uuid"],
)
def test_the_share_is_that_of_the_tenant_or_else_of_the_user(attributes: dict[str, object], key: str) -> None:
    assert rights().share_key(attrs.evolve(STAFF, attributes=attributes)) == key


@given(one=st.text(), other=st.text())
@example(one="a" * 201, other="a" * 202)
@example(one="\ud800" * 300, other="\ud800" * 299)
@example(one="\0", other="")
def test_any_text_is_stored_as_a_short_key_of_its_own(one: str, other: str) -> None:
    keys = {rights(answering(each)).share_key(STAFF) for each in (one, other)}
    assert len(keys) == len({one, other})
    for key in keys:
        assert "\0" not in key
        # PostgreSQL indexes no longer ones.
        assert len(key.encode()) <= 2_400


AN_ID, ANOTHER_ID = UUID(int=1), UUID(int=2)
NOT_A_COLLECTION: list[Any] = [
    None,
    True,
    False,
    7,
    "everyone",
    str(ANOTHER_ID),
    b"ids",
    {ANOTHER_ID: "a user"},
    iter([ANOTHER_ID]),
    type("Requesters", (), {}),
]


@pytest.mark.parametrize("answer", NOT_A_COLLECTION, ids=range(len(NOT_A_COLLECTION)))
def test_visible_requesters_are_one_of_two_constants_or_a_list(answer: object) -> None:
    with pytest.raises(ConfigurationError, match=r"return EVERYONE, ONLY_OWN or a list of user ids$"):
        rights(answering(answer)).sight(STAFF)


class Number(IntEnum):
    SEVEN = 7


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (AN_ID, None),
        (AN_ID, str(ANOTHER_ID)),
        (AN_ID, 7),
        (AN_ID, [ANOTHER_ID]),
        (7, "7"),
        (7, True),
        (7, 7.0),
        (7, ANOTHER_ID),
        ("7", 7),
        ("7", b"7"),
        ("7", EVERYONE),
    ],
    ids=repr,
)
def test_an_id_of_another_type_than_the_users_keys_is_refused(own: Any, other: Any) -> None:
    actor, key = Actor(user_id=own, permissions=PERMITTED), UserKey(user_key_of(own))
    returned = f"visible_requesters returned is of type {type(other).__name__}, but .* of type {key.type.__name__}"
    with pytest.raises(ConfigurationError, match=returned):
        attrs.evolve(rights(answering([other])), user_key=key).sight(actor)


class DriversUuid(UUID):
    """As a driver returns it."""


@pytest.mark.parametrize(("own", "other"), [(AN_ID, DriversUuid(int=5)), (3, Number.SEVEN), ("a", "b")])
def test_an_id_may_be_of_a_subclass(own: UserId, other: UserId) -> None:
    checked = attrs.evolve(rights(answering([other])), user_key=UserKey(user_key_of(own)))
    assert checked.sight(Actor(user_id=own)) == Sight(frozenset({own, other}))


class Endless(Collection[UUID]):
    """Says that it is short."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[UUID]:
        while True:
            yield uuid4()

    def __contains__(self, wanted: object) -> bool:
        return True


def test_a_thousand_requesters_are_seen_and_one_more_is_an_error() -> None:
    ids = {uuid4() for _ in range(1_000)}
    assert rights(answering(ids)).sight(STAFF) == Sight(frozenset(ids | {STAFF.user_id}))
    for more in (ids | {uuid4()}, Endless()):
        with pytest.raises(ConfigurationError, match="visible_requesters returned more than 1,000 user ids"):
            rights(answering(more)).sight(STAFF)


OTHER = OTHERS.requester_user_id


@pytest.mark.parametrize(
    ("answer", "sees_others"),
    [
        (EVERYONE, True),
        (ONLY_OWN, False),
        ([], False),
        ((OTHER, OTHER), True),
        ([uuid4()], False),
        (frozenset({STAFF.user_id}), False),
        ({OTHER: 1}.keys(), True),
    ],
)
def test_actors_see_their_own_exports_and_those_of_the_visible_requesters(answer: object, sees_others: bool) -> None:
    sight = rights(answering(answer)).sight(STAFF)
    assert sight.covers(job_of(STAFF))
    assert sight.covers(OTHERS) is sees_others
    assert rights(answering(answer)).sight(STAFF) == sight


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()


def find(desk: HelpDesk, actor: Actor, job_id: UUID) -> UUID:
    with desk.unit_of_work() as work:
        return find_visible_export(work, desk.rights.sight(actor), job_id).id


def test_the_requester_and_administrators_find_an_export(desk: HelpDesk) -> None:
    requester = desk.user()
    job_id = desk.request_export(requester, VIEW).id
    assert find(desk, requester, job_id) == job_id
    assert find(desk, desk.user(admin=True), job_id) == job_id


def test_a_missing_export_and_a_strangers_are_not_found(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    for wanted in (job_id, uuid4()):
        with pytest.raises(ExportNotFoundError) as caught:
            find(desk, desk.user(), wanted)
        assert caught.value.job_id == wanted


def test_the_policy_of_the_host_decides_who_finds_it(desk: HelpDesk) -> None:
    requester, colleague = desk.user(), desk.user()
    job_id = desk.request_export(requester, VIEW).id
    desk.policy = answering([requester.user_id])
    assert find(desk, colleague, job_id) == job_id


USE_CASES = ["get_export", "retry_export", "cancel_export", "open_download"]


@pytest.mark.parametrize("use_case", USE_CASES)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_broken_rule_shows_no_export_and_costs_no_transaction(desk: HelpDesk, use_case: str, is_there: bool) -> None:
    actor = desk.user(admin=True)
    job_id = desk.requested(actor).id if is_there else uuid4()
    desk.policy = answering(None)
    entered: list[str] = []
    desk.happen["work.enter"] = lambda: entered.append(use_case)
    with pytest.raises(ConfigurationError, match="visible_requesters returned NoneType"):
        getattr(desk, use_case)(actor, job_id)
    with pytest.raises(ConfigurationError, match="visible_requesters returned NoneType"):
        desk.list_exports(actor)
    assert entered == []


def test_a_broken_rule_requests_nothing(desk: HelpDesk) -> None:
    actor = desk.user(admin=True)
    desk.policy = answering(None)
    before = desk.database.committed
    with pytest.raises(ConfigurationError, match="may_request returned NoneType"):
        desk.request_export(actor, VIEW)
    assert desk.database.committed == before


def test_a_broken_rule_downloads_nothing_and_is_no_refusal(desk: HelpDesk) -> None:
    class Undecided(ExportPolicy):
        def may_download(self, actor: Actor, job: object) -> bool:
            return cast(bool, None)

    actor = desk.user(admin=True)
    job_id = desk.requested(actor).id
    assert desk.run_export(job_id).status == "completed"
    desk.policy = Undecided()
    with pytest.raises(ConfigurationError, match="may_download returned NoneType"):
        desk.open_download(actor, job_id)
    assert desk.audited(job_id) == ["requested", "started", "completed"]


def test_a_broken_rule_fails_a_run_with_a_safe_message(desk: HelpDesk, caplog: pytest.LogCaptureFixture) -> None:
    desk.fill(3)
    job_id = desk.requested().id
    desk.policy = raising(RuntimeError(SECRET))
    ended = desk.run_export(job_id)
    assert (ended.status, ended.error_message) == (
        "failed",
        f"The application is not configured correctly, so no file was made. The log has the cause under {job_id}.",
    )
    assert desk.storage.objects == {}
    assert SECRET in caplog.text


def test_a_directory_that_returns_another_user_fails_the_run(desk: HelpDesk) -> None:
    requester, other = desk.user(), desk.user(admin=True)
    job_id = desk.requested(requester).id
    desk.database.users[requester.user_id] = attrs.evolve(desk.database.users[other.user_id])
    assert desk.run_export(job_id).status == "failed"
    assert desk.storage.objects == {}


class Duck:
    """A policy that does not inherit the default."""

    def may_request(self, actor: Actor) -> bool:
        return True

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        return ONLY_OWN

    def may_download(self, actor: Actor, job: object) -> bool:
        return False


def test_a_policy_need_not_inherit_the_default() -> None:
    asked = rights(cast(ExportPolicy, Duck()))
    assert asked.refusal_of_request(STAFF) is None
    assert asked.sight(STAFF) == Sight(frozenset({STAFF.user_id}))
    assert asked.refusal_of_download(STAFF, job_of(STAFF)) is not None
