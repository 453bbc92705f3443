"""The design's table of rights, cell by cell, through the use-cases."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import NOW, PERMITTED, VIEW, HelpDesk, read_all
from ticket_export import Actor, SystemPermissions
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ExportNotFoundError, NotPermittedError
from ticket_export.ports import AuditAction, ExportJob

EVERYTHING_ELSE = SystemPermissions(511)


@attrs.frozen
class Rights:
    admin: bool
    permitted: bool
    request: bool
    see_own: bool
    see_others: bool
    download: bool


DESIGN = [
    Rights(admin=True, permitted=True, request=True, see_own=True, see_others=True, download=True),
    Rights(admin=True, permitted=False, request=False, see_own=True, see_others=False, download=False),
    Rights(admin=False, permitted=True, request=True, see_own=True, see_others=False, download=False),
    Rights(admin=False, permitted=False, request=False, see_own=True, see_others=False, download=False),
]
ROWS = pytest.mark.parametrize(
    "rights",
    DESIGN,
    ids=lambda each: f"{'admin' if each.admin else 'staff'} {'with' if each.permitted else 'without'}",
)


class Scene:
    """An actor of one row of the table and a stranger, each with a completed export."""

    def __init__(self, desk: HelpDesk, rights: Rights) -> None:
        self.desk = desk
        desk.fill(3)
        permissions = EVERYTHING_ELSE | (PERMITTED if rights.permitted else SystemPermissions.NONE)
        self.actor = desk.user(admin=rights.admin, permissions=permissions)
        # Who lacks the permission had it when the export was made.
        self.own = self._completed(desk.user(), self.actor.user_id)
        self.others = self._completed(desk.user(admin=True))
        desk.audit_log.entries.clear()

    def queued(self) -> UUID:
        """One more of the actor's."""
        job_id = self.desk.requested().id
        self.desk.change(attrs.evolve(self.desk.job(job_id), requester_user_id=self.actor.user_id))
        return job_id

    def _completed(self, requester: Actor, given_to: UserId | None = None) -> UUID:
        job_id = self.desk.request_export(requester, VIEW).id
        assert self.desk.run_export(job_id).status == "completed"
        if given_to:
            self.desk.change(attrs.evolve(self.desk.job(job_id), requester_user_id=given_to))
        return job_id


@pytest.fixture
def scene(desk: HelpDesk, rights: Rights) -> Scene:
    return Scene(desk, rights)


def refusal(ask: Callable[[UUID], object], job_id: UUID) -> ExportNotFoundError | None:
    try:
        ask(job_id)
    except ExportNotFoundError as error:
        return error
    return None


def looks_missing(ask: Callable[[UUID], object], job_id: UUID) -> bool:
    """Whether the answer about that job is, but for the id, the answer about none at all."""
    missing = uuid4()
    of_none, of_job = refusal(ask, missing), refusal(ask, job_id)
    if of_job is None:
        return False
    assert type(of_job) is type(of_none)
    assert str(of_job).replace(str(job_id), "") == str(of_none).replace(str(missing), "")
    assert (of_job.__cause__, of_job.__context__) == (None, None)
    return True


def refused(desk: HelpDesk) -> list[tuple[UUID | None, str]]:
    """The job and the name of each refusal; nothing else is recorded."""
    assert {entry.action for entry in desk.audit_log.entries} <= {AuditAction.REFUSED}
    return [(entry.job_id, (entry.detail or "").partition(":")[0]) for entry in desk.audit_log.entries]


@ROWS
def test_request(scene: Scene, rights: Rights) -> None:
    desk = scene.desk
    before, dispatched = desk.database.committed, len(desk.queue.dispatched)
    if rights.request:
        job = desk.request_export(scene.actor, VIEW)
        assert desk.job(job.id).requester_user_id == scene.actor.user_id
        return
    with pytest.raises(NotPermittedError, match="Import / Export Tickets"):
        desk.request_export(scene.actor, VIEW)
    assert desk.database.committed == before
    assert len(desk.queue.dispatched) == dispatched
    assert refused(desk) == [(None, "request")]


@ROWS
def test_a_view_is_not_looked_at_without_the_right_to_request(scene: Scene, rights: Rights) -> None:
    # Whoever may not export learns nothing about the columns there are.
    if not rights.request:
        with pytest.raises(NotPermittedError):
            scene.desk.request_export(scene.actor, {"columns": ["no such column"]})


@ROWS
def test_see_own(scene: Scene, rights: Rights) -> None:
    assert looks_missing(lambda job_id: scene.desk.get_export(scene.actor, job_id), scene.own) is not rights.see_own


@ROWS
def test_see_others(scene: Scene, rights: Rights) -> None:
    hidden = looks_missing(lambda job_id: scene.desk.get_export(scene.actor, job_id), scene.others)
    assert hidden is not rights.see_others


@ROWS
def test_list(scene: Scene, rights: Rights) -> None:
    page = scene.desk.list_exports(scene.actor)
    listed = {job.id for job in page.items}
    assert (scene.own in listed) is rights.see_own
    assert (scene.others in listed) is rights.see_others
    assert page.total == rights.see_own + rights.see_others


@ROWS
def test_download_own(scene: Scene, rights: Rights) -> None:
    desk = scene.desk
    if rights.download:
        assert read_all(desk.open_download(scene.actor, scene.own).stream).count(b"\n") == 4
        assert desk.audited(scene.own) == ["downloaded"]
        return
    with pytest.raises(NotPermittedError, match="administrator"):
        desk.open_download(scene.actor, scene.own)
    assert refused(desk) == [(scene.own, "download")]


@ROWS
def test_download_others(scene: Scene, rights: Rights) -> None:
    desk = scene.desk
    if rights.see_others:
        assert rights.download
        assert read_all(desk.open_download(scene.actor, scene.others).stream).count(b"\n") == 4
        return
    assert looks_missing(lambda job_id: desk.open_download(scene.actor, job_id), scene.others)
    assert desk.audit_log.entries == []


WHAT = {"retry_export": "retry", "cancel_export": "cancellation"}
CHANGES = pytest.mark.parametrize("change", ["retry_export", "cancel_export"])


@CHANGES
@ROWS
def test_change_own(scene: Scene, rights: Rights, change: str) -> None:
    desk = scene.desk
    job_id = scene.own if change == "retry_export" else scene.queued()
    desk.audit_log.entries.clear()
    ask = getattr(desk, change)
    if rights.request:
        assert ask(scene.actor, job_id).requested_at == NOW
        assert [entry.actor_id for entry in desk.audit_log.entries] == [scene.actor.user_id]
        return
    before = desk.database.committed
    with pytest.raises(NotPermittedError, match="Import / Export Tickets"):
        ask(scene.actor, job_id)
    assert desk.database.committed == before
    assert refused(desk) == [(job_id, WHAT[change])]


@CHANGES
@ROWS
def test_change_others(scene: Scene, rights: Rights, change: str) -> None:
    desk = scene.desk
    before, ask = desk.database.committed, getattr(desk, change)
    if rights.see_others:
        with pytest.raises(NotPermittedError, match="only by the user who requested it"):
            ask(scene.actor, scene.others)
    else:
        assert looks_missing(lambda job_id: ask(scene.actor, job_id), scene.others)
    assert desk.database.committed == before
    assert refused(desk) == ([(scene.others, WHAT[change])] if rights.see_others else [])


def _running(job: ExportJob) -> None:
    job.start(job.requested_at)


def _failed(job: ExportJob) -> None:
    job.fail("The storage is full.", job.requested_at)


def _expired(job: ExportJob) -> None:
    job.expire(job.expires_at)


def _cleaned_up(job: ExportJob) -> None:
    job.expire(job.expires_at)
    job.clean_up(job.expires_at)


@pytest.mark.parametrize("state", [_running, _failed, _expired, _cleaned_up])
@ROWS
def test_somebody_elses_job_looks_missing_in_whatever_state(
    scene: Scene, rights: Rights, state: Callable[[ExportJob], None]
) -> None:
    desk = scene.desk
    if rights.see_others:
        return
    job = desk.job(desk.request_export(desk.user(), VIEW).id)
    state(job)
    assert looks_missing(lambda job_id: desk.get_export(scene.actor, job_id), job.id)
    for ask in (desk.open_download, desk.retry_export, desk.cancel_export):
        assert looks_missing(lambda job_id, ask=ask: ask(scene.actor, job_id), job.id)  # type: ignore[misc]
