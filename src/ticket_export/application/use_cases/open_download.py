"""Download the file of an export."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import BinaryIO
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.actor_facts import facts_of
from ticket_export.application.announcements import audit_entry
from ticket_export.application.file.download import Download
from ticket_export.application.file.export_file import manifest_key, require_there
from ticket_export.application.file.manifest import MAX_LENGTH, ExportManifest
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.ports.audit_log import AuditAction, AuditLog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_storage import ExportStorage, SupportsSignedUrl
from ticket_export.application.ports.supports_reading import for_reading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.refusals import Refusals
from ticket_export.application.rights import Rights, find_visible_export
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import (
    ConfigurationError,
    ExportExpiredError,
    ExportFailure,
    ExportNotReadyError,
    ObjectNotFoundError,
)

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class FoundFile:
    """The file of an export that an actor may download, and the storage that has it."""

    job: ExportJob
    media_item: MediaItem
    storage: ExportStorage

    @property
    def etag(self) -> str:
        """The strong entity tag (RFC 9110), without quotes. Every attempt writes under a key of its own."""
        return sha256(self.media_item.object_key.encode()).hexdigest()[:32]


@attrs.frozen(kw_only=True)
class OpenDownload:
    """Open the file of a completed export, or make a link to it.

    Rules:
        1. An export that the actor may not see looks like a missing one.
        2. The policy decides at every download whether the actor may have this file. The file has the rows and columns
           that its requester could see when the run began.
        3. An expired export has no file, also before it is cleaned up.
        4. Every download is recorded in the audit log before a byte, or a link, is returned.
        5. A link is valid for `url_lifetime`, but no longer than the export. Without `url_lifetime` there are no links,
           and the host sends the bytes. It also sends those of a file in a former storage that cannot sign links.
        6. The digest comes from the file's manifest. Without a readable manifest the download has no digest.
        7. A file is called missing only while its storage is there. A disk that is not mounted has no files.
    """

    unit_of_work: Callable[[], UnitOfWork]
    places: StoragePlaces
    audit_log: AuditLog
    rights: Rights
    refusals: Refusals
    clock: Clock
    url_lifetime: timedelta | None = None

    def __call__(self, actor: Actor, job_id: UUID, *, with_link: bool = True) -> Download:
        """Return the file of the export. The caller opens and closes its stream.

        Set `with_link` to False if you will read the stream in any case.

        Raises:
            ExportNotFoundError: by rule 1.
            NotPermittedError: by rule 2.
            ExportExpiredError: by rule 3.
            ExportNotReadyError: the export is queued, running or failed.
            ConfigurationError: the settings ask for links, and the present storage cannot sign links.
            StorageError: no storage of this process has the file, or the link could not be made.
        """
        return self.open(actor, self.find(actor, job_id), with_link=with_link)

    def find(self, actor: Actor, job_id: UUID) -> FoundFile:
        """Return the file that the actor may download, to decide what to send of it. Nothing is recorded.

        Raises:
            The errors of a call, except those of links.
        """
        sight = self.rights.sight(actor)
        with for_reading(self.unit_of_work()) as work:
            job = find_visible_export(work, sight, job_id)
        if refusal := self.rights.refusal_of_download(actor, job):
            raise self.refusals.recorded(refusal, "download", actor, job)
        media_item = self._downloadable(actor, job, self.clock.now())
        return FoundFile(job=job, media_item=media_item, storage=self.places.holding(media_item))

    def open(self, actor: Actor, file: FoundFile, *, with_link: bool = True, part: str | None = None) -> Download:
        """Record the download of the file that `find` returned to the actor, and return it.

        `part` says in the audit log which part of the file the actor gets, if not the whole.

        Raises:
            ExportExpiredError: the export has expired since `find`.
            ConfigurationError, StorageError: as a call does.
        """
        job, media_item, storage = file.job, file.media_item, file.storage
        now = self.clock.now()
        _require_unexpired(job, now)
        signer = self._signer(storage) if with_link else None
        link_lifetime = min(self.url_lifetime or timedelta(), job.expires_at - now)
        detail = f"link for {link_lifetime.total_seconds():.0f} s" if signer else part
        self.audit_log.record(
            audit_entry(
                AuditAction.DOWNLOADED, job, at=now, by=actor.user_id, detail=detail, actor_facts=facts_of(actor)
            )
        )
        download = self.described(file)
        if signer is None:
            return download
        name, content_type = media_item.file_name, media_item.content_type
        # Last, since its lifetime is short.
        url = signer.signed_url(
            media_item.object_key, file_name=name, content_type=content_type, expires_in=link_lifetime
        )
        return attrs.evolve(download, url=url)

    def is_link(self, file: FoundFile) -> bool:
        """Return whether the download of this file is a link by rule 5.

        Raises:
            ConfigurationError: as a call does.
        """
        return self._signer(file.storage) is not None

    def described(self, file: FoundFile) -> Download:
        """Return the file of `find` for its headers. To read it, call `open`, which records the download."""
        item = file.media_item
        return Download(
            file_name=item.file_name,
            content_type=item.content_type,
            length=item.length,
            reader=partial(_reading, file.storage, item.object_key),
            sha256=self._digest(file),
            etag=file.etag,
        )

    def _downloadable(self, actor: Actor, job: ExportJob, now: datetime) -> MediaItem:
        _require_unexpired(job, now)
        if job.media_item is None:
            (shown,) = self.rights.shown(actor, [job])
            reason = f": {shown.error_message}" if shown.error_message else ""
            raise ExportNotReadyError(f"export {job.id} has no file: it is {job.status}{reason}")
        return job.media_item

    def _signer(self, storage: ExportStorage) -> SupportsSignedUrl | None:
        if self.url_lifetime is None:
            return None
        if not isinstance(storage, SupportsSignedUrl):
            if storage is not self.places.present:
                return None
            raise ConfigurationError(
                f"TICKET_EXPORT_DOWNLOAD asks for links, and the storage {storage.provider!a} has none; set it to "
                "stream, or use a storage that signs links, such as s3"
            )
        return storage

    def _digest(self, file: FoundFile) -> str | None:
        item = file.media_item
        try:
            with file.storage.open_reader(manifest_key(item.object_key)) as stream:
                manifest = ExportManifest.read(stream.read(MAX_LENGTH))
        except ExportFailure as error:
            _log.info(
                "the digest of export %s is not known: %s", file.job.id, error, extra={"job_id": str(file.job.id)}
            )
            return None
        is_its_own = (manifest.job_id, manifest.length) == (file.job.id, item.length)
        return manifest.sha256 if is_its_own else None


@contextmanager
def _reading(storage: ExportStorage, key: str, start: int) -> Iterator[BinaryIO]:
    with ExitStack() as resources:
        try:
            stream = resources.enter_context(storage.open_reader(key, start))
        except ObjectNotFoundError:
            require_there(storage)
            raise
        yield stream


def _require_unexpired(job: ExportJob, now: datetime) -> None:
    if job.is_cleaned_up or job.is_expired_at(now):
        raise ExportExpiredError(f"export {job.id} expired at {job.expires_at.isoformat()}; request it again")
