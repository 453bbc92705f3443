"""Whatever the policy says: lists, single exports and downloads are those of a naive description of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import attrs
from dependency_injector.providers import Factory, Object, Provider
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.persistence.sqlite_rows import SqliteRows
from tests.migrated_sqlite import migrated_sqlite
from tests.unit.application.use_cases.help_desk import COLUMNS, NOW, PERMITTED, read_all
from ticket_export import (
    EVERYONE,
    ONLY_OWN,
    Actor,
    ExportJobDto,
    ExportNotFoundError,
    ExportPolicy,
    NotPermittedError,
    Settings,
    SystemPermissions,
    TicketExportContainer,
    UserId,
)
from ticket_export.application.export_policy import VisibleRequesters
from ticket_export.application.user_key import UserKey
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.ports import ExportJob, ExportJobStatus, ExportStorage, MediaItem, TicketColumns, UnitOfWork
from ticket_export.testing.entities import a_user

SECRET = "unknown column 'salary'"
UUIDS = [UUID(int=number) for number in range(1, 6)]
KINDS: list[list[UserId]] = [[*UUIDS], [1, 2, 3, 40, -5], ["1", "2", "ann", "ÄNN", "ann "]]


@attrs.frozen
class Rule:
    """What the policy and the tickets say about one actor."""

    admin: bool
    permissions: SystemPermissions
    visible: VisibleRequesters | None
    downloads: frozenset[UUID] | None
    is_complete: bool


@attrs.frozen
class World:
    users: list[UserId]
    rules: list[Rule]
    jobs: list[ExportJob]
    download_own: bool
    page_size: int

    @property
    def actors(self) -> list[Actor]:
        return [
            Actor(user_id=user, is_admin=rule.admin, permissions=rule.permissions)
            for user, rule in zip(self.users, self.rules, strict=True)
        ]

    def rule_of(self, actor: Actor) -> Rule:
        return self.rules[self.users.index(actor.user_id)]

    def sees(self, actor: Actor, job: ExportJob) -> bool:
        """The oracle."""
        rule = self.rule_of(actor)
        if job.requester_user_id == actor.user_id or rule.visible is EVERYONE:
            return True
        if rule.visible is None:
            return rule.admin and rule.permissions == PERMITTED
        return rule.visible is not ONLY_OWN and job.requester_user_id in list(rule.visible)

    def sees_details(self, actor: Actor, job: ExportJob) -> bool:
        """The oracle."""
        return job.requester_user_id == actor.user_id or self.rule_of(actor).is_complete

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        """The oracle."""
        rule = self.rule_of(actor)
        if rule.downloads is not None:
            return job.id in rule.downloads
        if rule.permissions != PERMITTED:
            return False
        if job.requester_user_id == actor.user_id:
            return rule.admin or self.download_own
        return rule.admin and rule.is_complete


class Told(ExportPolicy):
    """Says what the world says, or what the default says."""

    def __init__(self, world: World) -> None:
        self.world = world

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        visible = self.world.rule_of(actor).visible
        return super().visible_requesters(actor) if visible is None else visible

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        downloads = self.world.rule_of(actor).downloads
        return super().may_download(actor, job) if downloads is None else job.id in downloads


class Source(InMemoryTicketSource):
    def __init__(self, world: World) -> None:
        super().__init__(COLUMNS, [])
        self.world = world

    def columns(self, actor: Actor) -> TicketColumns:
        return TicketColumns(COLUMNS, is_complete=self.world.rule_of(actor).is_complete)


@st.composite
def worlds(draw: st.DrawFn, kinds: list[list[UserId]] = KINDS) -> World:
    users = draw(st.sampled_from(kinds))
    job_ids = draw(st.lists(st.uuids(version=4), unique=True, max_size=6))
    jobs = [draw(stored_jobs(job_id, users)) for job_id in job_ids]
    subsets = st.lists(st.sampled_from(users)) | st.frozensets(st.sampled_from(users))
    rules = st.builds(
        Rule,
        admin=st.booleans(),
        permissions=st.sampled_from([PERMITTED, SystemPermissions.NONE, SystemPermissions.MANAGE_TEAMS]),
        visible=st.none() | st.sampled_from([EVERYONE, ONLY_OWN]) | subsets,
        downloads=st.none() | (st.frozensets(st.sampled_from(job_ids)) if job_ids else st.just(frozenset())),
        is_complete=st.booleans(),
    )
    return World(
        users,
        draw(st.lists(rules, min_size=len(users), max_size=len(users))),
        jobs,
        draw(st.booleans()),
        draw(st.integers(min_value=1, max_value=4)),
    )


@st.composite
def stored_jobs(draw: st.DrawFn, job_id: UUID, users: list[UserId]) -> ExportJob:
    status = draw(st.sampled_from(ExportJobStatus.supported_types()))
    is_completed = status == ExportJobStatus.COMPLETED
    item = MediaItem(
        length=len(job_id.bytes),
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="memory",
        object_key=f"exports/{job_id}/1/tickets.csv",
        creation_time=NOW,
    )
    return ExportJob(
        id=job_id,
        requester_user_id=draw(st.sampled_from(users)),
        requested_at=NOW,
        creation_time=NOW,
        expires_at=NOW.replace(year=NOW.year + 1),
        status=status,
        snapshot_payload_json='{"columns":["id"]}',
        row_count=7 if is_completed else None,
        error_message=draw(st.sampled_from([SECRET, "Cancelled"])) if status == ExportJobStatus.FAILED else None,
        media_item_id=item.id if is_completed else None,
        media_item=item if is_completed else None,
    )


def put(work: UnitOfWork, storage: ExportStorage, world: World) -> None:
    for job in world.jobs:
        if job.media_item is not None:
            work.media_items.add(job.media_item)
            with storage.open_writer(job.media_item.object_key, "text/csv") as writer:
                writer.write(job.id.bytes)
        work.jobs.add(job)
    work.commit()


def check(world: World, container: TicketExportContainer) -> None:
    newest_first = sorted(world.jobs, key=lambda job: job.id, reverse=True)
    for actor in world.actors:
        seen = [job for job in newest_first if world.sees(actor, job)]
        assert listed(world, container, actor) == [shown(world, actor, job) for job in seen]
        for job in world.jobs:
            if job not in seen:
                assert outcome(lambda: container.get_export()(actor, job.id)) is ExportNotFoundError  # noqa: B023
                assert outcome(lambda: container.open_download()(actor, job.id)) is ExportNotFoundError  # noqa: B023
                continue
            assert told(container.get_export()(actor, job.id)) == shown(world, actor, job)
            downloaded = outcome(lambda: read_all(container.open_download()(actor, job.id).stream))  # noqa: B023
            if not world.may_download(actor, job):
                assert downloaded is NotPermittedError
            elif job.media_item is not None:
                assert downloaded == job.id.bytes
            else:
                told_more = SECRET in str(downloaded)
                assert told_more is (job.error_message == SECRET and world.sees_details(actor, job))


def listed(world: World, container: TicketExportContainer, actor: Actor) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    for number in range(1, len(world.jobs) + 2):
        page = container.list_exports()(actor, page=number, page_size=world.page_size)
        assert page.total == sum(world.sees(actor, job) for job in world.jobs)
        found += map(told, page.items)
    return found


def told(dto: ExportJobDto) -> Mapping[str, object]:
    return dto.model_dump(
        by_alias=False,
        include={"id", "requester_user_id", "status", "view", "row_count", "error_message", "file_name", "length"},
    )


def shown(world: World, actor: Actor, job: ExportJob) -> Mapping[str, object]:
    """The oracle."""
    details = world.sees_details(actor, job)
    file = job.media_item if details else None
    return {
        "id": job.id,
        "requester_user_id": job.requester_user_id,
        "status": job.status.developer_name,
        "view": "columns id" if details else "a view of another user",
        "row_count": job.row_count if details else None,
        "error_message": "The export failed." if job.error_message == SECRET and not details else job.error_message,
        "file_name": file.file_name if file else None,
        "length": file.length if file else None,
    }


def outcome(ask: object) -> object:
    try:
        return ask()  # type: ignore[operator]
    except (ExportNotFoundError, NotPermittedError) as error:
        return type(error)
    except Exception as error:  # noqa: BLE001 - the text is looked at
        return str(error)


def container_of(world: World, **adapters: object) -> TicketExportContainer:
    container = TicketExportContainer()
    settings_ = Settings(
        download_own=world.download_own, database_url="sqlite:///never-opened.db", storage_url="file:///nowhere"
    )
    parts = {
        "settings": settings_,
        "policy": Told(world),
        "ticket_source": Source(world),
        "storage": InMemoryStorage(),
        "clock": InMemoryClock(NOW),
        "audit_log": InMemoryAuditLog(),
        "user_key": UserKey(type(world.users[0])),
        **adapters,
    }
    for name, part in parts.items():
        container.providers[name].override(part if isinstance(part, Provider) else Object(part))
    with container.unit_of_work() as work:
        put(work, container.storage(), world)
    return container


@given(worlds())
def test_any_policy_in_memory(world: World) -> None:
    check(world, container_of(world, unit_of_work=Factory(InMemoryUnitOfWork, InMemoryDatabase())))


@settings(max_examples=30)
@given(worlds([[*UUIDS]]))
def test_any_policy_on_sqlite(world: World) -> None:
    with TemporaryDirectory() as folder:
        engine = migrated_sqlite(Path(folder, "desk.db"))
        rows = SqliteRows(Path(folder, "desk.db"))
        for user in world.users:
            rows.put(attrs.evolve(a_user(), id=user))
        check(world, container_of(world, engine=engine))
        engine.dispose()
