"""A policy, asked about a few actors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

from ticket_export.application.actor import Actor
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.finding import Finding, error
from ticket_export.domain.system_permissions import SystemPermissions

_WHERE = "policy"


def policy_problems(policy: ExportPolicy, actors: Sequence[Actor]) -> Iterator[Finding]:
    """Check that each answer of the policy is True or False, for made-up actors and for `actors`, who exist.

    A policy may need attributes that made-up actors do not have, so only an error about `actors` counts.
    """
    questions: dict[str, Callable[[Actor], object]] = {
        "may_request": policy.may_request,
        "may_see_others": policy.may_see_others,
        "may_download": policy.may_download,
    }
    for name, question in questions.items():
        for actor in (*_made_up(), *actors):
            try:
                answer = question(actor)
            except Exception as raised:  # noqa: BLE001 - a host's own code
                if actor not in actors:
                    continue
                what = f"raises {type(raised).__name__} for an active user"
            else:
                if isinstance(answer, bool):
                    continue
                what = f"returns {type(answer).__name__} for an actor"
            yield error(_WHERE, f"{type(policy).__name__}.{name} {what}", "return True or False for every actor")
            break


def _made_up() -> Iterator[Actor]:
    for is_admin in (True, False):
        for permissions in (SystemPermissions.IMPORT_EXPORT_TICKETS, SystemPermissions.NONE):
            yield Actor(user_id=uuid4(), is_admin=is_admin, permissions=permissions)
