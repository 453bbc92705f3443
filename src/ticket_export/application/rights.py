"""The answers of the policy, checked: what a rule of the host does not clearly allow is not allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.export_policy import (
    EVERYONE,
    MAX_REQUESTERS,
    ONLY_OWN,
    ExportPolicy,
    PolicyFacts,
    knowing,
)
from ticket_export.application.ports.export_job_repository import UNREADABLE
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError, ExportNotFoundError, NotPermittedError

_log = logging.getLogger(__name__)


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

    def sight(self, actor: Actor) -> Sight:
        """Return the exports that the actor may see; their own are always among them."""
        answer = self._asked("visible_requesters", lambda: self._visible_ids(actor))
        return Sight(None if answer is None else answer | {actor.user_id})

    def refusal_of_request(self, actor: Actor) -> NotPermittedError | None:
        """Return the error if the actor may not request exports."""
        if self._allows("may_request", lambda: self.policy.may_request(actor)):
            return None
        return NotPermittedError('exporting tickets needs the permission "Import / Export Tickets"')

    def refusal_of_change(self, actor: Actor, job: ExportJob) -> NotPermittedError | None:
        """Return the error if the actor may not retry or cancel this export, which they may see."""
        if (refusal := self.refusal_of_request(actor)) is not None:
            return refusal
        if job.requester_user_id != actor.user_id:
            return NotPermittedError("an export can be retried or cancelled only by the user who requested it")
        return None

    def refusal_of_download(self, actor: Actor, job: ExportJob) -> NotPermittedError | None:
        """Return the error if the actor may not download this export, which they may see."""
        if self._allows("may_download", lambda: self.policy.may_download(actor, job)):
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
        is_own = [job.requester_user_id == actor.user_id for job in jobs]
        sees_all = all(is_own) or self.ticket_source.columns(actor).is_complete
        return [ExportJobDto.of(job, with_details=own or sees_all) for job, own in zip(jobs, is_own, strict=True)]

    def _visible_ids(self, actor: Actor) -> frozenset[UserId] | None:
        answer = self.policy.visible_requesters(actor)
        if answer is EVERYONE:
            return None
        if answer is ONLY_OWN:
            return frozenset()
        if not isinstance(answer, Collection) or isinstance(answer, str | bytes | bytearray | Mapping):
            raise _broken(
                "visible_requesters", f"returned {_type_of(answer)}; return EVERYONE, ONLY_OWN or a list of user ids"
            )
        ids = list(islice(answer, MAX_REQUESTERS + 1))
        if len(ids) > MAX_REQUESTERS:
            raise _broken("visible_requesters", f"returned more than {MAX_REQUESTERS:,} user ids")
        kind = _kind_of(actor.user_id)
        if other := next((each for each in ids if _kind_of(each) is not kind), None) or (None in ids):
            raise _broken(
                "visible_requesters",
                f"returned a user id of {_type_of(other)}; the actor's own id is of {_type_of(actor.user_id)}",
            )
        return frozenset(ids)
