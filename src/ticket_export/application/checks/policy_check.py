"""A policy, asked about a few actors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from ticket_export.application.actor import Actor
from ticket_export.application.checks.guarded import configuration_findings
from ticket_export.application.finding import Finding
from ticket_export.application.rights import Rights
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError

# How the message about an answer of the policy begins.
_OWN = "container.policy: "


def policy_problems(rights: Rights, actors: Sequence[Actor], nobody: UserId) -> Iterator[Finding]:
    """Check each answer of the policy, for made-up actors and for `actors`, who exist; no user has the id `nobody`.

    A rule may need facts that made-up actors do not have, so an error that it raises counts only for `actors`.
    """
    for actor in (*_made_up(nobody), *actors):
        for ask in _questions(rights, actor, nobody):
            try:
                ask()
            except ConfigurationError as raised:
                is_own = str(raised).startswith(_OWN)
                if is_own and (raised.__cause__ is None or actor in actors):
                    yield from configuration_findings("policy", raised, remedy=_REMEDY)


_REMEDY = "return what ExportPolicy promises, for every actor; what a rule needs comes from your user directory"


def _questions(rights: Rights, actor: Actor, nobody: UserId) -> Iterator[Callable[[], object]]:
    yield lambda: rights.sight(actor)
    yield lambda: rights.refusal_of_request(actor)
    yield lambda: rights.share_key(actor)
    yield from (partial(rights.refusal_of_download, actor, _job_of(each)) for each in (actor.user_id, nobody))


def _made_up(nobody: UserId) -> Iterator[Actor]:
    for is_admin in (True, False):
        for permissions in (SystemPermissions.IMPORT_EXPORT_TICKETS, SystemPermissions.NONE):
            yield Actor(user_id=nobody, is_admin=is_admin, permissions=permissions)


def _job_of(requester: UserId) -> ExportJob:
    now = datetime.now(UTC)
    return ExportJob(
        requester_user_id=requester, requested_at=now, expires_at=now, creation_time=now, snapshot_payload_json="{}"
    )
