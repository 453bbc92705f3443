"""Delete everything that exports keep of a user."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from uuid import UUID

import attrs

from ticket_export.application.announcements import Announcements
from ticket_export.application.file.export_file import KEY_PREFIX, job_prefixes
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.ports.audit_log import AuditLog, SupportsAnonymising
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.run.export_task import TASK_NAME
from ticket_export.application.run.job_and_task import failing, has_own_file, has_own_task, remove_export
from ticket_export.application.safe_text import escaped
from ticket_export.application.user_key import UserKey
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.user_id import UserId
from ticket_export.errors import LeaseLostError, TicketExportError, UnknownPlaceError, UserNotForgottenError

_log = logging.getLogger(__name__)

_PAGE = 100
# A worker may start or finish an export between the read and the write. That rarely happens twice.
_TRIES = 5
_ENDED = "The export was ended, because the data of its requester is deleted."


@attrs.frozen(kw_only=True)
class Forgotten:
    """What was done.

    `ended` queued or running exports were failed first. `removed` exports were deleted, with their files. `left` jobs
    belong to another program, or cannot be read, and still refer to the user. `cleared` other rows named the user as
    creator or last modifier. `anonymised` is the number of changed audit entries: 0 if the setting keeps them, None if
    the audit log cannot change its entries.
    """

    ended: int = 0
    removed: int = 0
    left: int = 0
    cleared: int = 0
    anonymised: int | None = 0


@attrs.frozen(kw_only=True)
class ForgetUser:
    """Delete a user's exports, so that the host can delete the user.

    It is an operator's call, without an actor. Deactivate the user first: a request that comes meanwhile is a new
    export. It commits transactions of its own, so do not call it inside a transaction.

    Rules:
        1. The queued and running exports fail first. A worker that runs one notices that at its next heartbeat, stops
           and leaves no file. What a killed worker has left, the sweep removes.
        2. Then, for each export, its objects are deleted: files and manifests of all attempts. Then its rows are
           deleted in one transaction: the job, its task and its media item.
        3. If a storage or the database fails for one export, or another copy of the database owns the storage, its
           rows stay, and the others are deleted. The error says so, and another call does the rest.
        4. Rows of another program stay and are counted: jobs that have neither a task nor a file of this library.
        5. Where other exports and files of this library name the user as creator or last modifier, the name is emptied.
        6. Audit entries stay as they are if `audit` is ``keep``, or are anonymised, see `SupportsAnonymising`. Only the
           failures of rule 1 are added to them.
        7. The user need not exist. Calling it twice is the same as once.
    """

    unit_of_work: Callable[[], UnitOfWork]
    places: StoragePlaces
    ownership: StorageOwnership
    audit_log: AuditLog
    announcements: Announcements
    clock: Clock
    audit: Literal["keep", "anonymise"]
    user_key: UserKey = attrs.field(factory=UserKey)

    def __call__(self, user_id: UserId) -> Forgotten:
        """Forget the user of that id.

        Raises:
            UserNotForgottenError: by rule 3.
            JobDatabaseError: the database failed; call it again.
            ConfigurationError: the id is not of the type of the users' keys.
        """
        self.user_key.require(user_id, "user_id")
        ended = self._end_all(user_id)
        removed, left = self._remove_all(user_id)
        cleared = self._clear_stamps(user_id)
        return Forgotten(ended=ended, removed=removed, left=left, cleared=cleared, anonymised=self._anonymise(user_id))

    def _end_all(self, user_id: UserId) -> int:
        ended = 0
        for _ in range(_TRIES):
            with self.unit_of_work() as work:
                active = [job for job in work.jobs.active_of(user_id) if _is_own(job) and not job.is_cleaned_up]
            if not active:
                return ended
            for job in active:
                with suppress(LeaseLostError):
                    ended += self._end(job.id)
        raise UserNotForgottenError("the user's exports keep changing; deactivate the user, and call it again")

    def _end(self, job_id: UUID) -> bool:
        with self.unit_of_work() as work:
            now = self.clock.now()
            job = next(iter(work.jobs.find_all([job_id])), None)
            if job is None or job.status.is_final:
                return False
            with failing(work, job, now):
                job.fail(_ENDED, now)
                tell = self.announcements.failed(work, job, at=now)
        tell()
        return True

    def _remove_all(self, user_id: UserId) -> tuple[int, int]:
        removed = stayed = 0
        errors: list[Exception] = []
        while True:
            with self.unit_of_work() as work:
                page, total = work.jobs.page(requester_ids=[user_id], offset=stayed, limit=_PAGE)
                database_id = work.database.identity().id
            if stayed >= total:
                break
            # A page leaves out the rows that cannot be read.
            stayed += 0 if page else _PAGE
            for job in page:
                if not _is_own(job):
                    stayed += 1
                    continue
                try:
                    removed += self._remove(job, database_id)
                except Exception as error:  # noqa: BLE001 - by rule 3
                    _log.exception("export %s could not be deleted", job.id, extra={"job_id": str(job.id)})
                    errors.append(error)
                    stayed += 1
        if errors:
            # Another error may hold a path or a credential.
            reason = str(errors[0]) if isinstance(errors[0], TicketExportError) else "the log has the cause"
            if isinstance(errors[0], UnknownPlaceError):
                reason += f" ({escaped(errors[0].place)})"
            raise UserNotForgottenError(
                f"{len(errors):,} of the user's exports could not be deleted: {reason}. Their rows stay; call it again"
            ) from errors[0]
        with self.unit_of_work() as work:
            return removed, work.jobs.count_of(user_id)

    def _remove(self, job: ExportJob, database_id: UUID) -> bool:
        if not job.status.is_final and not job.is_cleaned_up:
            raise LeaseLostError(f"export {job.id} was requested, or handed back, meanwhile")
        self._delete_objects(job, database_id)
        with self.unit_of_work() as work:
            if remove_export(work, job):
                return True
        with self.unit_of_work() as work:
            if work.jobs.find_all([job.id]):
                raise LeaseLostError(f"another transaction keeps export {job.id}")
        # Another call has just deleted it.
        return False

    def _delete_objects(self, job: ExportJob, database_id: UUID) -> None:
        if job.media_item is not None and has_own_file(job):
            self.places.delete(job.media_item, self.ownership)
        for storage in self.places.every:
            for prefix in job_prefixes(job.id, database_id):
                for key in list(storage.list(prefix)):
                    self.ownership.require(storage)
                    storage.delete(key)

    def _clear_stamps(self, user_id: UserId) -> int:
        cleared = 0
        while True:
            with self.unit_of_work() as work:
                found = work.jobs.clear_stamps_of(user_id, name=TASK_NAME, limit=_PAGE)
                found += work.media_items.clear_stamps_of(user_id, prefix=KEY_PREFIX, limit=_PAGE)
                work.commit()
            if not found:
                return cleared
            cleared += found

    def _anonymise(self, user_id: UserId) -> int | None:
        if self.audit == "keep":
            return 0
        return self.audit_log.anonymise(user_id) if isinstance(self.audit_log, SupportsAnonymising) else None


def _is_own(job: ExportJob) -> bool:
    return has_own_task(job) or has_own_file(job)
