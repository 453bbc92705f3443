"""Run a requested export."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import sleep
from typing import Final
from uuid import UUID

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.file.export_file import WrittenFile, delete_file, manifest_key, object_key
from ticket_export.application.file.file_name import FileNameTemplate, FileNaming, file_name
from ticket_export.application.file.file_type import FileType
from ticket_export.application.file.manifest import CONTENT_TYPE as MANIFEST_TYPE
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.compression import Compression
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.supports_selections import selection_check
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.application.rights import Rights
from ticket_export.application.run.attempt import Attempt
from ticket_export.application.run.claims import Claims
from ticket_export.application.run.export_pipeline import READ_AHEAD, ExportPipeline
from ticket_export.application.run.export_watch import ExportWatch, WatchedWriter
from ticket_export.application.run.heartbeat import Heartbeat
from ticket_export.application.run.overtime import Overtime
from ticket_export.application.run.progress import ProgressListener, ignore_progress
from ticket_export.application.run.shortage import MEMORY, shortages_told
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import (
    ConfigurationError,
    ExportFailure,
    InvalidPayloadError,
    JobDatabaseError,
    LeaseLostError,
    PermissionLostError,
    StaleViewError,
    StorageUnavailableError,
    TicketsUnavailableError,
    WorkerShortageError,
)

_log = logging.getLogger(__name__)

#: The errors of rule 6 of `RunExport`.
LOST_ATTEMPT: Final = (TicketsUnavailableError, StorageUnavailableError)

# Seconds before each try to hand an export back; together less than most leases.
_HAND_BACK_PAUSES = (0.0, 0.1, 0.5, 1.0, 2.0, 4.0)


def ignore_stall() -> None:
    """Do nothing: the caller waits for the export without a limit."""


def ignore_hand_back(_task: BackgroundTask) -> None:
    """Do nothing: the workers find the task without being told."""


@attrs.frozen(kw_only=True)
class RunExport:
    """Turn a queued job into a downloadable file, or into a failed job with nothing to download.

    Rules:
        1. The requester is read again, with the rights that they have now. If they may no longer request, or are no
           longer active, the job fails. The file has the rows and columns that they may see now. It has the format
           that the view asks for; if the host no longer offers that format, the job fails.
        2. Count and rows come from one consistent snapshot. If they differ, the job fails.
        3. The snapshot is released before the file is published, and the file and its manifest are published before
           the job is Completed. If the storage takes no data for `storage_patience` while there are rows to read, the
           snapshot ends, and the attempt is lost by rule 6. If a listener does not return for so long, the snapshot
           ends and the job fails.
        4. Only the attempt that holds the job's lease may complete or fail it. An attempt that has lost the lease
           removes what it wrote. The lease is renewed as long as the export makes progress; after `stall` without
           progress, the job is left to another attempt.
        5. A worker that is told to stop hands the job back at once.
        6. An attempt whose tickets or storage are unavailable is lost, as if its worker had vanished: the job goes
           back into the queue at once, and fails after `max_attempts` lost attempts.
        7. If the worker runs out of open files or threads, the job goes back into the queue, and the attempt does not
           count. If it runs out of memory, the job waits for the end of its lease, and the attempt counts.
        8. A failed job's message is safe to show. The log has the cause under the job's id.
    """

    claims: Claims
    clock: Clock
    ticket_source: TicketSource
    storage: ExportStorage
    ownership: StorageOwnership
    user_directory: UserDirectory
    rights: Rights
    file_formats: FileFormats
    compression: Compression
    stall: timedelta
    max_attempts: int
    storage_patience: timedelta
    read_ahead: int = READ_AHEAD
    naming: FileNaming = attrs.field(factory=FileNameTemplate)
    overtime: Overtime = attrs.field(factory=Overtime)

    def __call__(
        self,
        job_id: UUID,
        *,
        on_progress: ProgressListener = ignore_progress,
        stop: StopSignal | None = None,
        on_stall: Callable[[], None] = ignore_stall,
    ) -> ExportJobDto:
        """Run the job, and return it, completed or failed.

        If the export stalls (rule 4), another thread calls `on_stall`, and this call may never return.

        Raises:
            ExportNotFoundError: there is no such job.
            InvalidTransitionError: the job is not waiting to be run.
            LeaseLostError: the job was taken over, cancelled or handed back meanwhile; nothing of this attempt is left.
            TicketsUnavailableError, StorageUnavailableError: the attempt is lost by rule 6, and the job is back in the
                queue. The next attempt should wait a moment.
            WorkerShortageError: the attempt is lost by rule 7. The next one in this process should wait a moment.
            JobDatabaseError: the result could not be stored; the lease ends, and another attempt makes the export.
        """
        return self.run(self.claims.claim(job_id), on_progress=on_progress, stop=stop, on_stall=on_stall)

    def run(
        self,
        attempt: Attempt,
        *,
        on_progress: ProgressListener = ignore_progress,
        stop: StopSignal | None = None,
        on_stall: Callable[[], None] = ignore_stall,
        on_hand_back: Callable[[BackgroundTask], None] = ignore_hand_back,
    ) -> ExportJobDto:
        """Finish an attempt that has just begun.

        Another thread calls `on_stall` as above, and `on_hand_back` with a task that is back in the queue by rule 5.
        Neither may raise.

        Raises:
            LeaseLostError, TicketsUnavailableError, StorageUnavailableError, WorkerShortageError, JobDatabaseError: as
                above.
        """
        job_id = attempt.job.id
        heartbeat = Heartbeat(
            attempt,
            stop=stop or StopSignal(),
            stall=self.stall,
            on_stall=on_stall,
            on_hand_back=on_hand_back,
            overtime=self.overtime,
        )
        try:
            with shortages_told():
                item, file = self._export(attempt, heartbeat, on_progress)
                job = self._complete(attempt, item, file)
        except WorkerShortageError as error:
            lost = "export %s: attempt %d is lost: %s"
            _log.warning(lost, job_id, attempt.token, error, exc_info=error, extra={"job_id": str(job_id)})
            # An export that takes all memory would do so again. Like one whose worker was killed, it waits for the end
            # of its lease, and the attempt counts.
            if error.lacking != MEMORY and (task := self._hand_back(attempt)):
                on_hand_back(task)
            raise
        except LOST_ATTEMPT as error:
            lost = "export %s: attempt %d is lost: %s"
            _log.warning(lost, job_id, attempt.token, error, exc_info=error, extra={"job_id": str(job_id)})
            message = str(error)
            job = self._end(attempt, lambda: attempt.lose(message, max_attempts=self.max_attempts))
            if job.status == ExportJobStatus.QUEUED:
                raise
            return ExportJobDto.of(job)
        except ExportFailure as error:
            _log.warning("export %s failed: %s", job_id, error, exc_info=error, extra=_failed(job_id))
            return self._fail(attempt, str(error))
        except LeaseLostError as error:
            _log.warning("attempt %d stops: %s", attempt.token, error, extra={"job_id": str(job_id)})
            raise
        except JobDatabaseError:
            # Failing the export would need the database now. It may be back for the next attempt.
            _log.exception("export %s waits until its lease ends", job_id, extra={"job_id": str(job_id)})
            raise
        except Exception as error:  # noqa: BLE001 - the job must not stay Running, whatever the error is
            _log.exception("export %s failed", job_id, extra=_failed(job_id))
            return self._fail(attempt, f"{_unforeseen(error)} The log has the cause under {job_id}.")
        except BaseException:
            # The interruption must come out, and not an error of the database.
            with suppress(Exception):
                self._fail(attempt, "The export was interrupted.")
            raise
        attempt.tell_end()
        return ExportJobDto.of(job)

    @property
    def _pipeline(self) -> ExportPipeline:
        return ExportPipeline(
            source=self.ticket_source,
            storage=self.storage,
            patience=self.storage_patience,
            read_ahead=self.read_ahead,
        )

    def _export(
        self, attempt: Attempt, heartbeat: Heartbeat, on_progress: ProgressListener
    ) -> tuple[MediaItem, WrittenFile]:
        file = None
        try:
            # From the beginning on: the audit log and the user directory belong to the host, and may be slow.
            with heartbeat:
                # Before a ticket is read: an export that cannot be recorded must not run.
                attempt.record_start()
                query, file_type = self._permitted_file(attempt.job)
                heartbeat.require_job()
                database = self.ownership.to_write(
                    self.storage, attempt.database, partial(WatchedWriter.opened, watch=heartbeat)
                )
                key = object_key(attempt.job, database=database, attempt=attempt.token, extension=file_type.extension)
                heartbeat.require_job()
                file = self._pipeline.write(query, key, file_type, heartbeat, on_progress)
                item = self._media_item(attempt.job, file, file_type)
                self._write_manifest(ExportManifest.of(attempt.job, query, file, item), key, heartbeat)
        except BaseException:
            if file is not None:
                self._settle(attempt, file.key)
            raise
        return item, file

    def _write_manifest(self, manifest: ExportManifest, key: str, watch: ExportWatch) -> None:
        with WatchedWriter.opened(self.storage, manifest_key(key), MANIFEST_TYPE, watch) as writer:
            writer.write(manifest.encode())

    def _permitted_file(self, job: ExportJob) -> tuple[TicketQuery, FileType]:
        requester = self.user_directory.find(job.requester_user_id)
        if requester is not None and requester.user_id != job.requester_user_id:
            raise ConfigurationError(
                f"container.user_directory: find({job.requester_user_id!r}) returned user {requester.user_id!r}"
            )
        if requester is None or self.rights.refusal_of_request(requester):
            raise PermissionLostError("The requester no longer has the permission to export tickets.")
        columns = self.ticket_source.columns(requester)
        try:
            view = read_view(
                job.snapshot_payload_json,
                columns,
                formats=self.file_formats.offered,
                selections=selection_check(self.ticket_source, requester),
            )
            query = TicketQuery.of_view(view, columns, actor=requester, as_of=job.requested_at)
            return query, FileType(self.file_formats.of(view.file), self.compression)
        except InvalidPayloadError as error:
            raise StaleViewError(f"The view no longer fits the tickets: {'; '.join(error.problems)}") from error

    def _complete(self, attempt: Attempt, item: MediaItem, file: WrittenFile) -> ExportJob:
        try:
            return attempt.complete(item, row_count=file.rows, sha256=file.sha256)
        except BaseException as error:
            job = self._settle(attempt, file.key)
            if job is None or not isinstance(error, Exception):
                raise
            return job

    def _media_item(self, job: ExportJob, file: WrittenFile, file_type: FileType) -> MediaItem:
        return MediaItem(
            length=file.length,
            file_name=file_name(self.naming, job, extension=file_type.extension),
            content_type=file_type.content_type,
            file_storage_provider=self.storage.provider,
            storage_place=self.storage.place,
            object_key=file.key,
            creation_time=self.clock.now(),
            creator_user_id=job.requester_user_id,
        )

    def _settle(self, attempt: Attempt, key: str) -> ExportJob | None:
        """Return the job if it is complete although `complete` raised; otherwise remove the file and return None.

        A commit can take effect although its answer is lost. If that cannot be found out now, the file is left to the
        sweep.
        """
        try:
            job = attempt.find_completed(key)
            if job is None:
                delete_file(self.storage, key)
        except Exception:  # noqa: BLE001 - the first error comes out, and matters more
            job_id = attempt.job.id
            _log.exception("export %s left an object behind: %s", job_id, key, extra={"job_id": str(job_id)})
            return None
        return job

    def _hand_back(self, attempt: Attempt) -> BackgroundTask | None:
        # This may need what the process lacks. If it fails each time, the lease ends and the attempt counts.
        job_id = attempt.job.id
        for pause in _HAND_BACK_PAUSES:
            sleep(pause)
            try:
                return attempt.hand_back()
            except LeaseLostError as error:
                _log.warning("attempt %d stops: %s", attempt.token, error, extra={"job_id": str(job_id)})
                return None
            except Exception:  # noqa: BLE001 - the shortage comes out, and matters more
                _log.exception("export %s could not be handed back", job_id, extra={"job_id": str(job_id)})
        return None

    def _fail(self, attempt: Attempt, message: str) -> ExportJobDto:
        return ExportJobDto.of(self._end(attempt, lambda: attempt.fail(message)))

    def _end(self, attempt: Attempt, end: Callable[[], ExportJob]) -> ExportJob:
        job_id = attempt.job.id
        try:
            job = end()
        except Exception:
            _log.exception("the end of export %s could not be stored", job_id, extra={"job_id": str(job_id)})
            raise
        attempt.tell_end()
        return job


def _unforeseen(error: Exception) -> str:
    if isinstance(error, ConfigurationError):
        # Such as a rule of the host for rows, columns or rights that raises.
        return "The application is not configured correctly, so no file was made."
    return "The export failed unexpectedly."


def _failed(job_id: UUID) -> dict[str, str]:
    # What a record tells of the export, for handlers that do not read its text.
    return {"job_id": str(job_id), "export_status": ExportJobStatus.FAILED}
