"""Help desks whose views are exported in any format, through the use cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile, is_zipfile

import attrs
from dependency_injector.providers import Object

from tests.integration.formats.every_kind import CATALOG, NAMES, Row, store
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.infrastructure.migrate import upgrade


@attrs.frozen
class ExportedFile:
    path: Path
    rows: int
    manifest: ExportManifest

    def contents(self) -> Mapping[str, str]:
        """Return the digests of what is in it: of each member of an archive, which the blocks do not influence."""
        if not is_zipfile(self.path):
            return {"": sha256(self.path.read_bytes()).hexdigest()}
        with ZipFile(self.path) as archive:
            return {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


@attrs.frozen
class Desk:
    """`actor` may export all tickets."""

    container: TicketExportContainer
    actor: Actor
    folder: Path

    def export(self, columns: Sequence[str], file: Mapping[str, object], zone: str = "UTC") -> ExportedFile:
        """Request, run and download a view of all tickets by their id."""
        view = {"columns": list(columns), "sortField": "id", "timeZone": zone, "file": dict(file)}
        job_id = self.container.request_export()(self.actor, view).id
        done = self.container.get_export()(self.actor, job_id)
        assert (done.status, done.error_message) == ("completed", None)
        assert done.row_count is not None
        opened = self.container.open_download()(self.actor, job_id)
        # Spreadsheets know a format by the end of the name.
        path = self.folder / f"{job_id}{Path(opened.file_name).suffix}"
        with opened.stream as stream:
            path.write_bytes(stream.read())
        return ExportedFile(path, done.row_count, self._manifest(job_id))

    def _manifest(self, job_id: UUID) -> ExportManifest:
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        assert job is not None
        assert job.media_item is not None
        with self.container.storage().open_reader(manifest_key(job.media_item.object_key)) as reader:
            return ExportManifest.read(reader.read())


@contextmanager
def desk_of_every_kind(url: str, folder: Path, rows: Sequence[Row]) -> Iterator[Desk]:
    """With these rows in a table of every kind of column."""
    container = TicketExportContainer()
    settings = Settings(database_url=url, storage_url=(folder / "files").as_uri(), task_queue="inline")
    container.settings.override(Object(settings))
    container.catalog.override(Object(CATALOG))
    try:
        upgrade(container.engine(), reference_schema=True)
        store(container.engine(), rows)
        yield Desk(container, admin_of(container), folder)
    finally:
        container.engine().dispose()


def admin_of(container: TicketExportContainer) -> Actor:
    """Store an administrator of the reference schema who may export."""
    tables = container.tables()
    user_id, role_id = UUID(int=101), UUID(int=102)
    permissions = SystemPermissions.IMPORT_EXPORT_TICKETS
    with container.engine().begin() as connection:
        connection.execute(
            tables.users.insert(),
            {"id": user_id, "first_name": "A", "last_name": "D", "email_address": "admin@example.test"}
            | {"is_admin": True, "is_active": True},
        )
        connection.execute(
            tables.roles.insert(),
            {"id": role_id, "label": "Exporter", "developer_name": "exporter", "system_permissions": permissions},
        )
        connection.execute(tables.role_user.insert(), {"roles_id": role_id, "users_id": user_id})
    return Actor(user_id=user_id, is_admin=True, permissions=permissions)


def every_column(desk: Desk, file: Mapping[str, object], zone: str) -> ExportedFile:
    """Export all columns of every kind."""
    return desk.export(NAMES, file, zone)
