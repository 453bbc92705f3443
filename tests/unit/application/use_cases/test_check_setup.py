"""The check of a setup whose ports are all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, PERMITTED
from ticket_export import Actor, ConfigurationError, ExportPolicy, Finding, SystemPermissions
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.finding import Severity, error, warning
from ticket_export.application.rights import Rights
from ticket_export.application.use_cases.check_setup import MOST_ACTORS, CheckSetup
from ticket_export.errors import StorageError
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.ports import SupportsCheck, SupportsPlaces, UserId
from ticket_export.testing.entities import NOW, a_completed_job, a_media_item, a_task, a_user

_WRONG = error("part", "it is wrong", "mend it")


class Wrong(SupportsCheck):
    """Any part, and what is wrong with it."""

    def __init__(self, *found: Finding) -> None:
        self._found = found

    def problems(self, actors: Sequence[Actor]) -> Sequence[Finding]:
        return self._found


class Source(InMemoryTicketSource, SupportsCheck):
    """Remembers for whom its rules were tried."""

    tried: Sequence[Actor] = ()

    def problems(self, actors: Sequence[Actor]) -> Sequence[Finding]:
        self.tried = actors
        return ()


def _raising(raised: Exception) -> Callable[[], Any]:
    def part() -> Any:
        raise raised

    return part


@pytest.fixture
def users() -> InMemoryUserDirectory:
    return InMemoryUserDirectory(InMemoryDatabase())


@pytest.fixture
def source() -> Source:
    return Source(COLUMNS, [])


@pytest.fixture
def check(users: InMemoryUserDirectory, source: Source) -> CheckSetup:
    database, storage, policy = InMemoryDatabase(), InMemoryStorage(), ExportPolicy()
    ownership = StorageOwnership(
        unit_of_work=lambda: InMemoryUnitOfWork(database), clock=InMemoryClock(NOW), process=lambda: "a process"
    )
    return CheckSetup(
        settings=lambda: None,
        setting_problems=lambda: (),
        unit_of_work=lambda: InMemoryUnitOfWork(database),
        user_directory=lambda: users,
        user_ids=lambda: (),
        user_key=lambda: UUID,
        policy=lambda: policy,
        rights=lambda: Rights(policy=policy, ticket_source=source),
        ticket_source=lambda: source,
        storage=lambda: storage,
        places=lambda: StoragePlaces(storage),
        clock=InMemoryClock,
        ownership=lambda: ownership,
        url_lifetime=lambda: None,
        parts={"clock": InMemoryClock, "events": object},
    )


def _with_policy(check: CheckSetup, policy: ExportPolicy) -> CheckSetup:
    source = check.ticket_source()
    return attrs.evolve(check, policy=lambda: policy, rights=lambda: Rights(policy=policy, ticket_source=source))


def test_a_right_setup_has_no_finding(check: CheckSetup) -> None:
    assert check() == []


def test_wrong_settings_are_the_only_finding(check: CheckSetup) -> None:
    wrong = _raising(ConfigurationError("TICKET_EXPORT_X: no number"))
    (finding,) = attrs.evolve(check, settings=wrong, policy=wrong)()
    assert str(finding) == "error: settings: TICKET_EXPORT_X: no number; correct this variable, or remove it"


PARTS = ["unit_of_work", "user_directory", "policy", "ticket_source", "storage", "setting_problems"]


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_cannot_be_made_is_a_finding_and_hides_no_other(check: CheckSetup, name: str) -> None:
    broken = {name: _raising(RuntimeError("secret"))}
    if name in {"policy", "ticket_source"}:
        broken["rights"] = broken[name]
    found = attrs.evolve(check, **broken, parts={"clock": lambda: Wrong(_WRONG)})()
    assert [each.what for each in found] == ["it raises RuntimeError", _WRONG.what]


def test_what_several_parts_find_is_told_once(check: CheckSetup) -> None:
    twice: dict[str, Callable[[], object]] = {"clock": lambda: Wrong(_WRONG), "events": lambda: Wrong(_WRONG)}
    assert attrs.evolve(check, parts=twice)() == [_WRONG]


def test_users_are_not_asked_for_while_the_database_is_wrong(check: CheckSetup) -> None:
    class Work(InMemoryUnitOfWork, Wrong):
        def __init__(self) -> None:
            InMemoryUnitOfWork.__init__(self, InMemoryDatabase())
            self._found = (_WRONG,)

    wrong = attrs.evolve(check, unit_of_work=Work, user_ids=_raising(RuntimeError()))
    assert wrong() == [_WRONG]


def test_rules_are_tried_for_a_few_users_who_may_export(
    check: CheckSetup, users: InMemoryUserDirectory, source: Source
) -> None:
    known = [a_user() for _ in range(MOST_ACTORS + 3)]
    for number, user in enumerate(known):
        users.add(user, PERMITTED if number else SystemPermissions.NONE)
    ids: list[UserId] = [uuid4(), *(user.id for user in known)]
    assert attrs.evolve(check, user_ids=lambda: ids)() == []
    assert [actor.user_id for actor in source.tried] == ids[2 : 2 + MOST_ACTORS]


class Strict(ExportPolicy):
    """Needs a fact that only some users have."""

    def may_request(self, actor: Actor) -> bool:
        return bool(actor.attributes["level"])


def test_a_rule_of_the_policy_that_fails_for_made_up_users_only_is_right(check: CheckSetup) -> None:
    assert _with_policy(check, Strict())() == []


def test_a_rule_of_the_policy_that_fails_for_a_user_is_a_finding(
    check: CheckSetup, users: InMemoryUserDirectory
) -> None:
    user = a_user()
    users.add(user, PERMITTED)
    (finding,) = attrs.evolve(_with_policy(check, Strict()), user_ids=lambda: [user.id])()
    assert (finding.where, finding.what) == (
        "policy",
        "may_request needs the attribute 'level', which this actor lacks",
    )


class Silent(ExportPolicy):
    """Returns nothing."""

    def visible_requesters(self, actor: Actor) -> Any:
        return None

    def share_key(self, actor: Actor) -> Any:
        return None


def test_a_policy_that_returns_nothing_is_a_finding_without_users(check: CheckSetup) -> None:
    found = [finding.what for finding in _with_policy(check, Silent())()]
    assert found == ["visible_requesters returned NoneType", "share_key returned NoneType"]


def test_a_warning_of_the_policy_itself_is_told(check: CheckSetup) -> None:
    class Warned(ExportPolicy, Wrong):
        def __init__(self) -> None:
            ExportPolicy.__init__(self)
            self._found = (warning("policy", "it is old", "replace it"),)

    assert [str(each) for each in _with_policy(check, Warned())()] == ["warning: policy: it is old; replace it"]


def test_mistakes_of_the_catalog_are_told_by_the_catalog_alone(check: CheckSetup, users: InMemoryUserDirectory) -> None:
    def rule(_actor: Actor, _ticket: object) -> bool:
        return True

    def every_row_to(_actor: Actor) -> bool:
        raise KeyError("team")

    broken = InMemoryTicketSource(COLUMNS, [], visible_to=rule, every_row_to=every_row_to)
    user = a_user()
    users.add(user, PERMITTED)
    policy = ExportPolicy()
    wrong = attrs.evolve(
        check,
        user_ids=lambda: [user.id],
        ticket_source=lambda: broken,
        rights=lambda: Rights(policy=policy, ticket_source=broken),
    )
    assert wrong() == []


def test_a_storage_that_another_copy_of_the_database_owns_is_a_warning(check: CheckSetup) -> None:
    ownership, storage = check.ownership(), check.storage()
    with check.unit_of_work() as work:
        identity = work.database.identity()
    original = InMemoryDatabase(attrs.evolve(identity, copy="the original"))
    attrs.evolve(ownership, unit_of_work=lambda: InMemoryUnitOfWork(original)).renew(storage)
    (finding,) = check()
    assert (finding.severity, finding.where) == (Severity.WARNING, "storage")
    assert finding.what.startswith(f"exports are not cleaned up: {storage.place}: another copy of this database owns")
    assert finding.remedy.startswith("set TICKET_EXPORT_STORAGE_URL to a storage for this copy alone")


class NotMounted(InMemoryStorage, SupportsPlaces):
    def is_at(self, place: str) -> bool:
        return place == self.place

    def require_there(self) -> None:
        raise StorageError("it is not mounted")


class Refusing(NotMounted, SupportsCheck):
    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        return [error("storage", "the storage refuses access", "correct the credentials")]


def _checked_with_a_file_in(away: InMemoryStorage, check: CheckSetup) -> Sequence[Finding]:
    item = attrs.evolve(a_media_item(), file_storage_provider=away.provider, storage_place=away.place)
    item = attrs.evolve(item, object_key=f"exports/{uuid4()}/{uuid4()}/1/tickets.csv")
    task = a_task()
    job = attrs.evolve(a_completed_job(a_user(), item, task), is_cleaned_up=False)
    with check.unit_of_work() as work:
        work.media_items.add(item)
        work.tasks.add(task)
        work.jobs.add(job)
        work.commit()
    return attrs.evolve(check, storage=lambda: away, places=lambda: StoragePlaces(away))()


def test_nothing_is_written_where_a_disk_with_files_is_not_mounted(check: CheckSetup) -> None:
    away = NotMounted()
    (finding,) = _checked_with_a_file_in(away, check)
    assert (finding.severity, finding.where) == (Severity.ERROR, "storage")
    assert "does not exist, and 1 export has files there" in finding.what
    assert away.objects == {}


def test_a_storage_that_refuses_access_is_not_called_missing(check: CheckSetup) -> None:
    away = Refusing()
    (finding,) = _checked_with_a_file_in(away, check)
    assert finding.what == "the storage refuses access"
    assert away.objects == {}
