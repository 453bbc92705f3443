"""The rules for requests, lists and downloads. To change them, override `container.policy` with a class of your own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Final, TypeAlias

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError


class Requesters(Enum):
    """The users whose exports an actor may see, where a rule need not name them."""

    EVERYONE = "everyone"
    ONLY_OWN = "only own"


#: The actor may see the exports of all users.
EVERYONE: Final = Requesters.EVERYONE
#: The actor may see only their own exports.
ONLY_OWN: Final = Requesters.ONLY_OWN
#: The most user ids that `ExportPolicy.visible_requesters` may return.
MAX_REQUESTERS: Final = 1_000

VisibleRequesters: TypeAlias = Requesters | Collection[UserId]


@attrs.frozen(kw_only=True)
class PolicyFacts:
    """The facts of a container that the default rules need."""

    ticket_source: TicketSource
    download_own: bool


_facts: ContextVar[PolicyFacts] = ContextVar("ticket_export_policy_facts")


class ExportPolicy:
    """The rights of an actor, by row of this table.

    ==================================  ========================  ===========  ===========  ========
    actor                               request/retry/cancel own  see own job  see others'  download
    ==================================  ========================  ===========  ===========  ========
    admin with ``ImportExportTickets``  yes                       yes          yes          yes
    admin without                       no                        yes          no           no
    staff with                          yes                       yes          no           no, or own
    staff without                       no                        yes          no           no
    ==================================  ========================  ===========  ===========  ========

    With the setting ``TICKET_EXPORT_DOWNLOAD_OWN``, staff with the permission may download their own exports. If the
    actor may not see every row and every column of the tickets, they may download only their own exports: a file has
    the rows and columns that its requester could see.

    A host overrides methods, and may call those of `super()`. If a method raises, or returns something else than it
    promises, None included, the call ends with a `ConfigurationError`. A policy has no settings of its own: the
    container in which it is called tells `super()` the settings and the ticket source, so one policy may serve several
    containers.
    """

    def may_request(self, actor: Actor) -> bool:
        """Return whether the actor may request, retry and cancel exports of their own."""
        return actor.may_import_export_tickets

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        """Return the users whose exports the actor may see.

        `EVERYONE`, `ONLY_OWN`, or a collection of at most 1,000 user ids. Actors always see their own exports. The rule
        decides about lists and about single exports.
        """
        return EVERYONE if actor.is_admin and actor.may_import_export_tickets else ONLY_OWN

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        """Return whether the actor may download the file of this export, which they may see.

        Raises:
            ConfigurationError: no container called this policy, so the settings are not known.
        """
        if not actor.may_import_export_tickets:
            return False
        if job.requester_user_id == actor.user_id:
            return bool(actor.is_admin) or _known().download_own
        return bool(actor.is_admin) and _known().ticket_source.columns(actor).is_complete


@contextmanager
def knowing(facts: PolicyFacts) -> Iterator[None]:
    """Tell the default rules the facts of a container, inside the block and in this thread."""
    token = _facts.set(facts)
    try:
        yield
    finally:
        _facts.reset(token)


def _known() -> PolicyFacts:
    try:
        return _facts.get()
    except LookupError:
        raise ConfigurationError(
            "ExportPolicy.may_download needs the settings and the tickets of a container: override container.policy, "
            "and call container.open_download()"
        ) from None
