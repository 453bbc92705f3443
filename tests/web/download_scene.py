"""Completed exports of a desk, and what may befall their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import attrs
from sqlalchemy import select, update

from tests.cut_proxy import CutProxy, cut_proxy
from tests.s3_fixtures import Bucket
from tests.s3_server import Fault, S3Request, serve
from tests.web.conftest import Desk, make_desk
from tests.web.server_resources import Resources, ServerProcesses
from tests.web.servers import served
from ticket_export import Actor, TicketExportContainer
from ticket_export.testing.engines.views import first_tickets

ADMIN: Final = "admin@example.test"
_LONG_AGO: Final = timedelta(days=400)


@attrs.frozen(kw_only=True)
class StoredFile:
    """The file of a completed export."""

    job_id: UUID
    key: str
    data: bytes = attrs.field(repr=False)

    @property
    def digest(self) -> bytes:
        return sha256(self.data).digest()

    @property
    def tag(self) -> str:
        """The entity tag, in its quotes."""
        return f'"{sha256(self.key.encode()).hexdigest()[:32]}"'


@attrs.frozen(kw_only=True)
class DownloadScene:
    """A desk that is served at `url`. Its files are in `folder`, or in a bucket behind `proxy`."""

    desk: Desk
    packing: TicketExportContainer
    url: str
    folder: Path
    bucket: Bucket | None
    proxy: CutProxy | None

    @property
    def container(self) -> TicketExportContainer:
        return self.desk.container

    @property
    def admin(self) -> Actor:
        actor = self.container.user_directory().find_by_email(ADMIN)
        assert actor is not None
        return actor

    def complete(self, tickets: int, *, is_packed: bool) -> StoredFile:
        """Export so many tickets, packed by zstd or not."""
        job_id = self.container.request_export()(self.admin, first_tickets(tickets)).id
        return self.run(job_id, is_packed=is_packed)

    def run(self, job_id: UUID, *, is_packed: bool) -> StoredFile:
        (self.packing if is_packed else self.container).run_next_export()()
        return self.stored(job_id)

    def stored(self, job_id: UUID) -> StoredFile:
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        assert job is not None
        assert job.media_item is not None, job.error_message
        with self.container.storage().open_reader(job.media_item.object_key) as stream:
            data = stream.read()
        assert len(data) == job.media_item.length
        return StoredFile(job_id=job_id, key=job.media_item.object_key, data=data)

    def file_url(self, job_id: UUID) -> str:
        return f"{self.url}/exports/{job_id}/file"

    def downloads(self, job_id: UUID) -> list[str | None]:
        """What the audit log says of the downloads of the export, in order."""
        entries = self.container.tables().export_audit_entries
        with self.container.engine().connect() as connection:
            return list(
                connection.scalars(
                    select(entries.c.detail)
                    .where(entries.c.export_job_id == job_id, entries.c.action == "downloaded")
                    .order_by(entries.c.at)
                )
            )

    def expire(self, file: StoredFile) -> None:
        jobs = self.container.tables().export_jobs
        with self.container.engine().begin() as connection:
            moment = datetime.now(UTC) - _LONG_AGO
            connection.execute(update(jobs).where(jobs.c.id == file.job_id).values(expires_at=moment))

    def clean_up(self, file: StoredFile) -> None:
        self.expire(file)
        self.container.clean_up_expired_exports()()
        assert not list(self.container.storage().list(file.key))

    def purge(self, file: StoredFile) -> None:
        self.clean_up(file)
        assert self.container.purge_exports()(history=timedelta()).purged

    def remove(self, file: StoredFile) -> None:
        """Remove the file, as an operator does."""
        self.container.storage().delete(file.key)

    def retry(self, file: StoredFile, *, is_packed: bool) -> StoredFile:
        """Export the same view again, after one of its tickets has changed."""
        tickets = self.container.tables().tickets
        with self.container.engine().begin() as connection:
            connection.execute(update(tickets).where(tickets.c.id == 1).values(title=f"not as in {file.job_id}"))
        return self.run(self.container.retry_export()(self.admin, file.job_id).id, is_packed=is_packed)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Let the storage be away until the block ends."""
        away = self.folder.with_name("away")
        if self.proxy is None:
            self.folder.rename(away)
        else:
            self.proxy.cut()
        try:
            yield
        finally:
            if self.proxy is None:
                away.rename(self.folder)
            else:
                self.proxy.mend()

    @contextmanager
    def failure(self, file: StoredFile) -> Iterator[None]:
        """Let the storage have only the first half of the file, and fail then, until the block ends."""
        if self.bucket is None:
            path = self.folder / file.key
            os.truncate(path, len(file.data) // 2)
            yield
            path.write_bytes(file.data)
        else:
            self.bucket.s3.fault = _half_of(file)
            yield
            self.bucket.s3.fault = serve

    def break_connections(self) -> None:
        """Break the connections to the storage, and refuse the next one."""
        if self.proxy is not None:
            self.proxy.cut(mend_after=1)

    def resources(self) -> Resources:
        port = urlsplit(self.url).port
        assert port is not None
        storage_port = None if self.proxy is None else urlsplit(self.proxy.url).port
        return ServerProcesses(port).resources(self.folder, storage_port)


#: Lets something happen to a file.
Event = Callable[[DownloadScene, StoredFile], None]

#: What ends a download, with the status and the code of the problem that a client gets from then on.
ENDINGS: Final[dict[str, tuple[Event, int, str]]] = {
    "expired": (DownloadScene.expire, 410, "expired"),
    "cleaned up": (DownloadScene.clean_up, 410, "expired"),
    "purged": (DownloadScene.purge, 404, "not-found"),
    "removed": (DownloadScene.remove, 410, "file-gone"),
}


@contextmanager
def download_scene(
    framework: str, folder: Path, bucket: Bucket | None, *, tickets: int, **settings: object
) -> Iterator[DownloadScene]:
    """Serve a desk with that many tickets, by a framework; its files are in the bucket, or else in the folder."""
    with ExitStack() as resources:
        proxy, files = None, folder / "files"
        if bucket is not None:
            proxy = resources.enter_context(cut_proxy(bucket.endpoint_url))
            settings |= {"storage_url": bucket.url, "s3_endpoint_url": proxy.url}
        desk = make_desk(folder, tickets, audit_log="table", **settings)
        packing = TicketExportContainer(settings=desk.settings.model_copy(update={"compression": "zstd"}))
        url = resources.enter_context(served(framework, desk.environment))
        yield DownloadScene(desk=desk, packing=packing, url=url, folder=files, bucket=bucket, proxy=proxy)


def _half_of(file: StoredFile) -> Fault:
    has_begun = False

    def fail(request: S3Request) -> Iterable[bytes]:
        nonlocal has_begun
        if not request.path.endswith(file.key):
            return request.serve()
        if has_begun:
            return request.refuse("403 Forbidden", "AccessDenied")
        has_begun = True
        return half(request)

    def half(request: S3Request) -> Iterable[bytes]:
        whole = b"".join(request.serve())
        yield whole[: len(whole) // 2]
        request.hang_up()

    return fail
