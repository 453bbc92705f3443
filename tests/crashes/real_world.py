"""A world of files and a database, SQLite's or PostgreSQL's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copytree, rmtree
from typing import Self
from uuid import UUID

from dependency_injector.providers import Callable, Factory, Object
from sqlalchemy import RowMapping, Table, delete, insert, select

from tests.crashes.ticket_sources import ReadersToDisturb
from tests.crashes.world import ACTOR, TITLES, MovingClock, a_while_ago, right_bytes_of, view_in
from tests.reference_help_desk import ReferenceTicket, store_people, store_tickets
from ticket_export import Settings, TicketExportContainer
from ticket_export.application.ports.audit_log import AuditAction
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.media_item import MediaItem
from ticket_export.infrastructure.memory.database import Rows
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.mapping import entity_from
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

_PAGE = 100


class RealWorld:
    """See `World`; everything is in `folder`, but for the database that `url` names, if it does."""

    audits_in_transaction = True

    def __init__(self, folder: Path, url: str | None = None, *, file_format: str = "csv") -> None:
        self.view = view_in(file_format)
        #: Known once there are tickets.
        self.right_bytes = b""
        self.clock = MovingClock(a_while_ago())
        self.events = InMemoryExportEvents()
        self.miscounted = 0
        self.loses_tickets = False
        self._folder, self._kept_folder = folder / "now", folder / "kept"
        self._files = self._folder / "files"
        self._url = url or f"sqlite:///{self._folder / 'desk.db'}"
        self._kept_rows: dict[Table, Sequence[RowMapping]] = {}
        self.parts = self._parts()
        self._outside = self._parts()

    def _parts(self) -> TicketExportContainer:
        settings = Settings(database_url=self._url, storage_url=self._files.as_uri(), audit_log="table")
        parts = TicketExportContainer()
        parts.settings.override(Object(settings))
        parts.clock.override(Object(self.clock))
        parts.machine_clock.override(Object(self.clock))
        parts.events.override(Object(self.events))
        source = Factory(SqlAlchemyTicketSource, parts.engine, parts.catalog)
        disturbed = Factory(
            ReadersToDisturb, source, Callable(lambda: self.miscounted), Callable(lambda: self.loses_tickets)
        )
        parts.ticket_source.override(disturbed)
        return parts

    def keep(self) -> None:
        self.close()
        self._kept_at = self.clock.now()
        rmtree(self._kept_folder, ignore_errors=True)
        copytree(self._folder, self._kept_folder)
        if self._is_elsewhere:
            with self._outside.engine().connect() as connection:
                self._kept_rows = {each: connection.execute(select(each)).mappings().all() for each in self._changing()}

    def restore(self) -> None:
        self.close()
        rmtree(self._folder)
        copytree(self._kept_folder, self._folder)
        if self._is_elsewhere:
            with self._outside.engine().begin() as connection:
                for table in reversed(self._changing()):
                    connection.execute(delete(table))
                for table, rows in self._kept_rows.items():
                    if rows:
                        connection.execute(insert(table), [{each.key: row[each] for each in table.c} for row in rows])
        self.clock.set(self._kept_at)
        self.events.events.clear()
        self.parts.ownership_memory.reset()

    @property
    def _is_elsewhere(self) -> bool:
        """Whether the folder is not all there is."""
        return self._outside.engine().dialect.name != "sqlite"

    def _changing(self) -> list[Table]:
        # Parents before their children.
        tables = self._outside.tables()
        parents = [tables.role_user, tables.media_items, tables.background_tasks]
        return [*parents, tables.export_jobs, tables.export_audit_entries]

    def change_process(self) -> None:
        # Not one connection is the same from now on; what SQLAlchemy has learnt is kept, to save time.
        self.parts.engine().dispose()
        self.parts.ownership_memory.reset()

    @classmethod
    def make(cls, folder: Path, url: str | None = None, *, file_format: str = "csv") -> Self:
        """With a help desk, and no exports."""
        world = cls(folder, url, file_format=file_format)
        world._folder.mkdir()
        engine, tables = world._outside.engine(), world._outside.tables()
        upgrade(engine, reference_schema=True)
        store_people(engine, tables)
        role = {"id": ACTOR.user_id, "label": "R", "developer_name": "r", "system_permissions": ACTOR.permissions}
        with engine.begin() as connection:
            connection.execute(tables.users.update().values(is_admin=True))
            connection.execute(tables.roles.insert(), role)
            connection.execute(tables.role_user.insert(), {"roles_id": role["id"], "users_id": ACTOR.user_id})
        rows = [
            ReferenceTicket(id=number, title=title, creation_time=world.clock.now())
            for number, title in enumerate(TITLES, 1)
        ]
        store_tickets(engine, tables, rows)
        world.right_bytes = right_bytes_of(world.parts, file_format)
        world.keep()
        return world

    def rows(self) -> Rows:
        tables = self._outside.tables()
        with self._outside.unit_of_work() as work:
            jobs, _ = work.jobs.page(requester_ids=None, offset=0, limit=_PAGE)
        with self._outside.engine().connect() as connection:
            tasks = [
                entity_from(row, tables.background_tasks, BackgroundTask)
                for row in connection.execute(select(tables.background_tasks)).mappings()
            ]
            items = [
                entity_from(row, tables.media_items, MediaItem)
                for row in connection.execute(select(tables.media_items)).mappings()
            ]
        return Rows({job.id: job for job in jobs}, {item.id: item for item in items}, {task.id: task for task in tasks})

    def objects(self) -> Mapping[str, bytes]:
        return {
            str(path.relative_to(self._files)): path.read_bytes()
            for path in self._files.rglob("[!.]*")
            if path.is_file() and path.parent != self._partial
        }

    @property
    def _partial(self) -> Path:
        return self._files / ".partial"

    def begin_an_object(self) -> None:
        self._partial.mkdir(parents=True, exist_ok=True)
        begun = self._partial / "begun"
        begun.write_bytes(b"half")
        os.utime(begun, (0, 0))

    def partials(self) -> int:
        return len(list(self._partial.iterdir())) if self._partial.is_dir() else 0

    def audited(self) -> Sequence[tuple[AuditAction, UUID]]:
        entries = self._outside.tables().export_audit_entries
        with self._outside.engine().connect() as connection:
            found = connection.execute(select(entries.c.action, entries.c.export_job_id))
            return [(AuditAction(action), job_id) for action, job_id in found]

    def take_the_permission_away(self) -> None:
        with self._outside.engine().begin() as connection:
            connection.execute(delete(self._outside.tables().role_user))

    def close(self) -> None:
        # The last connection takes the write-ahead log with it.
        self.parts.engine().dispose()
        self._outside.engine().dispose()
