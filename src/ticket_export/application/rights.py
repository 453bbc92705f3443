"""The answers of the policy, checked: what a rule of the host does not clearly allow is not allowed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.actor_facts import storable
from ticket_export.application.dto import HIDDEN_VIEW, ExportJobDto, WatchedExportDto
from ticket_export.application.export_policy import (
    EVERYONE,
    MAX_REQUESTERS,
    ONLY_OWN,
    ExportPolicy,
    bound,
)
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.user_key import UserKey
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.visibility import asked, asked_bool
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError, ExportNotFoundError, NotPermittedError

_log = logging.getLogger(__name__)

# Characters. PostgreSQL indexes about 2,700 bytes.
_LONGEST_SHARE_KEY = 200


@attrs.frozen
class Sight:
    """The exports that an actor may see: those of the users `requester_ids`, or all if it is None."""

    requester_ids: frozenset[UserId] | None

    def covers(self, job: ExportJob) -> bool:
        """Return whether the job is one of them."""
        return self.requester_ids is None or job.requester_user_id in self.requester_ids


@attrs.frozen(kw_only=True)
class Rights:
    """The rights of actors by the policy of the host.

    Each method calls code of the host, which may be slow, so call it outside of a transaction. Each raises
    `ConfigurationError` if that code raises, or returns something else than the policy promises.
    """

    policy: ExportPolicy
    ticket_source: TicketSource
    download_own: bool = False
    user_key: UserKey = attrs.field(factory=UserKey)
    _policy: ExportPolicy = attrs.field(init=False)

    @_policy.default
    def _bind(self) -> ExportPolicy:
        return bound(self.policy, ticket_source=self.ticket_source, download_own=self.download_own)

    def sight(self, actor: Actor) -> Sight:
        """Return the exports that the actor may see; their own are always among them."""
        self.user_key.require_actor(actor)
        name = "container.policy: visible_requesters"
        # What a host returns need not be what it promised.
        answer: object = asked(name, lambda: self._policy.visible_requesters(actor))
        if answer is EVERYONE:
            return Sight(None)
        if answer is ONLY_OWN:
            return Sight(frozenset({actor.user_id}))
        if not isinstance(answer, Collection) or isinstance(answer, str | bytes | bytearray | Mapping):
            raise ConfigurationError(
                f"{name} returned {type(answer).__name__}; return EVERYONE, ONLY_OWN or a list of user ids"
            )
        ids = asked(name, lambda: list(islice(answer, MAX_REQUESTERS + 1)))
        if len(ids) > MAX_REQUESTERS:
            raise ConfigurationError(f"{name} returned more than {MAX_REQUESTERS:,} user ids")
        for each in ids:
            self.user_key.require(each, "container.policy: a user id that visible_requesters returned")
        return Sight(frozenset([actor.user_id, *ids]))

    def refusal_of_request(self, actor: Actor) -> NotPermittedError | None:
        """Return the error if the actor may not request exports."""
        self.user_key.require_actor(actor)
        if asked_bool("container.policy: may_request", lambda: self._policy.may_request(actor)):
            return None
        return NotPermittedError('exporting tickets needs the permission "Import / Export Tickets"')

    def share_key(self, actor: Actor) -> str:
        """Return the key under which the actor's exports share the workers.

        A text that a database cannot store or index is replaced by its digest.
        """
        name = "container.policy: share_key"
        key: object = asked(name, lambda: self._policy.share_key(actor))
        if not isinstance(key, str):
            raise ConfigurationError(f"{name} returned {type(key).__name__}; return a text")
        if len(key) > _LONGEST_SHARE_KEY or key != storable(key):
            return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return str(key)

    def refusal_of_own_download(self, actor: Actor, *, now: datetime) -> NotPermittedError | None:
        """Return the error if the actor may not download the export that they would request `now`."""
        task = BackgroundTask(name="", creation_time=now)
        job = ExportJob.request(
            requester_user_id=actor.user_id, snapshot_payload_json="", background_task=task, now=now
        )
        return self.refusal_of_download(actor, job)

    def refusal_of_download(self, actor: Actor, job: ExportJob) -> NotPermittedError | None:
        """Return the error if the actor may not download this export, which they may see."""
        if asked_bool("container.policy: may_download", lambda: self._policy.may_download(actor, job)):
            return None
        permission = 'the permission "Import / Export Tickets"'
        is_own = job.requester_user_id == actor.user_id
        if actor.is_admin and actor.may_import_export_tickets and not is_own:
            return NotPermittedError(
                "the file may have tickets or columns that you may not see; request the view yourself instead"
            )
        if is_own and self.download_own:
            return NotPermittedError(f"downloading an export needs {permission}")
        return NotPermittedError(f"downloading an export needs an administrator with {permission}")

    def shown(self, actor: Actor, jobs: Sequence[ExportJob]) -> list[ExportJobDto]:
        """Return these exports, which the actor may see, as the actor may see them.

        The details of an export tell of the tickets that its requester could see. Only the requester gets them, and
        whoever may see every row and every column.
        """
        shown = [ExportJobDto.of(job) for job in jobs]
        is_own = [job.requester_user_id == actor.user_id for job in jobs]
        if all(is_own) or self.ticket_source.columns(actor).is_complete:
            return shown
        return [dto if own else dto.without_details() for dto, own in zip(shown, is_own, strict=True)]

    def shown_to(self, actor: Actor, job: ExportJob, dto: ExportJobDto) -> ExportJobDto:
        """Return the DTO of an export, which the actor may see, as the actor may see it; see `shown`."""
        is_all = job.requester_user_id == actor.user_id or self.ticket_source.columns(actor).is_complete
        return dto if is_all else dto.without_details()

    def watched(
        self,
        actor: Actor,
        job: ExportJob,
        shown: ExportJobDto,
        *,
        view: ExportSnapshotPayload | None,
        now: datetime,
    ) -> WatchedExportDto:
        """Return an export, which the actor may see as `shown`, with what the actor may do with it `now`."""
        may_change = job.requester_user_id == actor.user_id and self.refusal_of_request(actor) is None
        refusal = self.refusal_of_download(actor, job)
        return WatchedExportDto(
            **dict(shown),
            may_cancel=may_change and not job.status.is_final,
            may_retry=may_change and job.status.is_final,
            may_download=refusal is None,
            has_file=job.has_file_at(now),
            refusal=str(refusal) if refusal else None,
            snapshot=None if shown.view == HIDDEN_VIEW else view,
        )


def refusal_to_others(actor: Actor, job: ExportJob) -> NotPermittedError | None:
    """Return the error of a retry or cancellation if the actor is not the requester of this export."""
    if job.requester_user_id == actor.user_id:
        return None
    return NotPermittedError("an export can be retried or cancelled only by the user who requested it")


def find_visible_export(work: UnitOfWork, sight: Sight, job_id: UUID) -> ExportJob:
    """Return the job, if it is in sight.

    Raises:
        ExportNotFoundError: the job does not exist, is not in sight, or its row holds values that no export can have;
            the error is the same.
    """
    job = find_readable_export(work, job_id)
    if job is None or not sight.covers(job):
        raise ExportNotFoundError(job_id)
    return job


def find_readable_export(work: UnitOfWork, job_id: UUID) -> ExportJob | None:
    """Return the job; None if it does not exist, or its row holds values that no export can have."""
    try:
        return work.jobs.find(job_id)
    except UNREADABLE:
        _log.exception("export %s cannot be read", job_id, extra={"job_id": str(job_id)})
        return None
