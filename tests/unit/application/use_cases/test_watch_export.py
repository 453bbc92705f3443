from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Event, Thread, get_ident
from uuid import uuid4

import pytest

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, VIEW, HelpDesk, raising
from ticket_export import Actor, ExportNotFoundError, JobDatabaseError
from ticket_export.application.job_states import MAX_AGE, JobStates
from ticket_export.application.requester_names import RequesterNames
from ticket_export.domain.user_id import UserId
from ticket_export.ports import ExportJob, User


def asked(desk: HelpDesk) -> list[str]:
    """What is appended to at each transaction from now on."""
    transactions: list[str] = []
    desk.happen["work.enter"] = lambda: transactions.append("asked")
    return transactions


def anyone(job: ExportJob) -> bool:
    return True


def old(desk: HelpDesk) -> None:
    desk.clock.advance(timedelta(minutes=1))


def test_a_watched_export_is_as_it_is_shown_alone_with_what_may_be_done(desk: HelpDesk) -> None:
    actor = desk.user(admin=True)
    job_id = desk.request_export(actor, VIEW).id
    watched = desk.watch_export(actor, job_id)
    assert watched.model_dump(exclude={"may_cancel", "may_retry", "may_download", "has_file", "refusal"}) == (
        desk.get_export(actor, job_id).model_dump()
    )
    assert (watched.may_cancel, watched.may_retry, watched.may_download, watched.has_file) == (True, False, True, False)


def test_an_ended_export_has_a_file_until_it_expires(desk: HelpDesk) -> None:
    actor = desk.user(admin=True)
    job_id = desk.request_export(actor, VIEW).id
    desk.run_export(job_id)
    watched = desk.watch_export(actor, job_id)
    assert (watched.may_cancel, watched.may_retry, watched.has_file) == (False, True, True)
    desk.clock.advance(desk.retention)
    assert not desk.watch_export(actor, job_id).has_file


def test_many_readers_ask_the_database_once_a_second(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    transactions = asked(desk)
    for _ in range(100):
        desk.watch_export(actor, job_id)
    assert len(transactions) == 1
    desk.elapsed += MAX_AGE.total_seconds() - 0.001
    desk.watch_export(actor, job_id)
    assert len(transactions) == 1
    desk.elapsed += 0.001
    desk.watch_export(actor, job_id)
    assert len(transactions) == 2


def test_the_end_of_a_small_export_is_seen_soon_and_costs_few_questions(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    transactions, seen_after = asked(desk), None
    for millisecond in range(3_000):
        if millisecond == 40:
            desk.database.committed.jobs[job_id].cancel(desk.clock.now(), by=actor.user_id)
        if desk.watch_export(actor, job_id).status == "failed" and seen_after is None:
            seen_after = millisecond
        desk.elapsed += 0.001
        desk.clock.advance(timedelta(milliseconds=1))
    assert seen_after is not None
    assert seen_after <= 60
    assert len(transactions) < 25


def test_missing_exports_and_those_of_others_cost_the_same(desk: HelpDesk) -> None:
    actor, others = desk.user(), desk.requested().id
    old(desk)
    counts = []
    for job_id in (others, uuid4()):
        transactions = asked(desk)
        for _ in range(5):
            with pytest.raises(ExportNotFoundError):
                desk.watch_export(actor, job_id)
        counts.append(len(transactions))
    assert counts == [5, 5]


def test_a_hidden_export_that_others_watch_costs_the_same_as_a_missing_one(desk: HelpDesk) -> None:
    stranger, requester = desk.user(), desk.user()
    watched = desk.requested(requester).id
    old(desk)
    desk.watch_export(requester, watched)
    counts = []
    for job_id in (watched, uuid4()):
        transactions = asked(desk)
        with pytest.raises(ExportNotFoundError):
            desk.watch_export(stranger, job_id)
        counts.append(len(transactions))
    assert counts == [1, 1]


def test_hidden_export_does_not_ask_for_the_name_of_its_requester(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, nameless = desk.user(), User(id=uuid4(), first_name="", last_name="", email_address="b@example.test")
    desk.users.add(nameless, PERMITTED)
    owner = Actor(user_id=nameless.id, permissions=PERMITTED)
    job_id = desk.request_export(owner, VIEW).id
    named: list[object] = []

    def names(_: object, user_ids: object) -> dict[UserId, str]:
        named.append(user_ids)
        return {nameless.id: "Bea"}

    monkeypatch.setattr(type(desk.users), "names", names)
    with pytest.raises(ExportNotFoundError):
        desk.watch_export(actor, job_id)
    assert named == []
    assert desk.watch_export(owner, job_id).requester_name == "Bea"


def test_reader_who_may_not_see_an_export_leaves_its_state_to_the_others(desk: HelpDesk) -> None:
    actor, stranger = desk.user(), desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    desk.watch_export(actor, job_id)
    with pytest.raises(ExportNotFoundError):
        desk.watch_export(stranger, job_id)
    transactions = asked(desk)
    desk.watch_export(actor, job_id)
    assert transactions == []


def test_rights_are_asked_each_time_though_the_state_is_not(desk: HelpDesk) -> None:
    class Changing(type(desk.policy)):  # type: ignore[misc]
        allowed = True

        def may_request(self, actor: object) -> bool:
            return self.allowed

    desk.policy = policy = Changing()
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    assert desk.watch_export(actor, job_id).may_cancel
    policy.allowed = False
    assert not desk.watch_export(actor, job_id).may_cancel


def test_a_change_by_this_process_is_seen_at_once(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    desk.watch_export(actor, job_id)
    desk.cancel_export(actor, job_id)
    assert desk.watch_export(actor, job_id).status == "queued"
    desk.watch_export.changed(job_id)
    assert desk.watch_export(actor, job_id).status == "failed"


def test_a_database_that_failed_is_asked_again_after_a_second(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    desk.happen["work.enter"] = raising(JobDatabaseError("it is away"))
    with pytest.raises(JobDatabaseError, match="away"):
        desk.watch_export(actor, job_id)
    del desk.happen["work.enter"]
    with pytest.raises(JobDatabaseError, match="away") as repeated:
        desk.watch_export(actor, job_id)
    assert repeated.value.__cause__ is None
    desk.elapsed += 1
    assert desk.watch_export(actor, job_id).status == "queued"


def test_a_row_that_no_export_can_have_looks_like_a_missing_one(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    desk.happen["jobs.found"] = raising(ValueError("a status of another program"))
    with pytest.raises(ExportNotFoundError):
        desk.watch_export(actor, job_id)


def test_the_details_of_others_are_hidden_from_who_may_not_see_every_row(desk: HelpDesk) -> None:
    admin = desk.user(admin=True)
    job_id = desk.requested().id
    desk.run_export(job_id)
    assert desk.watch_export(admin, job_id).row_count == 0
    desk.columns = type(desk.columns)(desk.columns, is_complete=False)
    hidden = desk.watch_export(admin, job_id)
    assert (hidden.row_count, hidden.file_name, hidden.may_download) == (None, None, False)
    assert hidden.snapshot is None


def test_long_views_are_not_kept(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.request_export(actor, {**VIEW, "viewId": "x" * 5_000}).id
    watched = desk.watch_export(actor, job_id)
    assert watched.view == desk.get_export(actor, job_id).view
    state = desk.states.find(job_id, anyone)
    assert state is not None
    assert not state.job.has_view
    assert watched.snapshot is None


def test_the_view_itself_is_no_part_of_the_json(desk: HelpDesk) -> None:
    actor = desk.user()
    watched = desk.watch_export(actor, desk.request_export(actor, VIEW).id)
    assert watched.snapshot is not None
    assert watched.snapshot.columns == ("id", "title")
    assert "snapshot" not in watched.model_dump_json()


def test_only_the_last_states_are_kept(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    transactions = asked(desk)
    desk.watch_export(actor, job_id)
    for _ in range(2_000):
        desk.states.find(uuid4(), anyone)
    transactions.clear()
    desk.watch_export(actor, job_id)
    assert transactions == ["asked"]


def test_readers_in_threads_share_one_answer(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    transactions = asked(desk)
    together = Barrier(8)

    def read() -> None:
        together.wait(timeout=60)
        desk.watch_export(actor, job_id)

    threads = [Thread(target=read, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert transactions == ["asked"]


@pytest.mark.parametrize("failure", [None, JobDatabaseError("it is away")])
def test_readers_that_waited_for_a_slow_database_do_not_ask_it_again(
    desk: HelpDesk, failure: JobDatabaseError | None
) -> None:
    actor = desk.user()
    job_id = desk.requested(actor).id
    old(desk)
    outcomes: list[object] = []
    transactions: list[str] = []
    arrived: set[int] = set()
    everybody = Event()

    def now() -> float:
        arrived.add(get_ident())
        if len(arrived) == 8:
            everybody.set()
        return desk.elapsed

    def answer_late() -> None:
        transactions.append("asked")
        assert everybody.wait(10)
        desk.elapsed += 30
        if failure:
            raise failure

    def read() -> None:
        try:
            outcomes.append(desk.watch_export(actor, job_id).status)
        except JobDatabaseError as error:
            outcomes.append(str(error))

    desk.states = JobStates(
        unit_of_work=desk.unit_of_work, clock=desk.clock, names=RequesterNames(lambda: desk.users), monotonic=now
    )
    desk.happen["work.enter"] = answer_late
    threads = [Thread(target=read, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert outcomes == [str(failure or "queued")] * 8
    assert transactions == ["asked"]


def test_a_list_says_what_may_be_done_with_each_export(desk: HelpDesk) -> None:
    admin = desk.user(admin=True)
    done, waiting = desk.requested(admin).id, desk.requested(admin, number=1).id
    others = desk.requested().id
    desk.run_export(done)
    items = {each.id: each for each in desk.list_exports.watched(admin).items}
    assert {key for key, each in items.items() if each.has_file} == {done}
    assert {key for key, each in items.items() if each.may_retry} == {done}
    assert {key for key, each in items.items() if each.may_cancel} == {waiting}
    assert others in items
    assert desk.list_exports.watched(admin, page_size=1).total == len(items)


def test_a_state_is_as_of_the_moment_it_was_asked(desk: HelpDesk) -> None:
    state = desk.states.find(desk.requested().id, anyone)
    assert state is not None
    assert state.at == NOW
