"""The rules for requests, lists and downloads. To change them, override `container.policy` with a class of your own."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from enum import Enum
from typing import Final, TypeAlias

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
    promises, None included, the call ends with a `ConfigurationError`.

    `ticket_source` and `download_own` are what the default of `may_download` needs. A policy that was made without them
    gets those of the container that uses it, so an own class needs no arguments. The container uses a shallow copy
    then.
    """

    # Here too, since the constructor of an own class need not call this one.
    _ticket_source: TicketSource | None = None
    _download_own: bool | None = None

    def __init__(self, *, ticket_source: TicketSource | None = None, download_own: bool | None = None) -> None:
        self._ticket_source = ticket_source
        self._download_own = download_own

    def may_request(self, actor: Actor) -> bool:
        """Return whether the actor may request, retry and cancel exports of their own."""
        return actor.may_import_export_tickets

    def share_key(self, actor: Actor) -> str:
        """Return the text of the share to which the actor's exports belong.

        All exports of one share together get the same share of the workers as those of another one. By default it is
        the attribute `tenant` where the actor has one, else the user id.
        """
        tenant = actor.attributes.get("tenant")
        return str(actor.user_id if tenant is None else tenant)

    def visible_requesters(self, actor: Actor) -> VisibleRequesters:
        """Return the users whose exports the actor may see.

        `EVERYONE`, `ONLY_OWN`, or a collection of at most 1,000 user ids. Actors always see their own exports. The rule
        decides about lists and about single exports.
        """
        return EVERYONE if actor.is_admin and actor.may_import_export_tickets else ONLY_OWN

    def may_download(self, actor: Actor, job: ExportJob) -> bool:
        """Return whether the actor may download the file of this export, which they may see.

        Raises:
            ConfigurationError: the rows and columns that the actor may see are not known: this policy has no ticket
                source, or a rule of the host cannot be evaluated.
        """
        if not actor.may_import_export_tickets:
            return False
        if job.requester_user_id == actor.user_id:
            return bool(actor.is_admin or self._download_own)
        if not actor.is_admin:
            return False
        if self._ticket_source is None:
            raise ConfigurationError(
                "ExportPolicy.may_download needs a ticket source: override container.policy, or make the policy with "
                "ticket_source=…"
            )
        return self._ticket_source.columns(actor).is_complete


def bound(policy: ExportPolicy, *, ticket_source: TicketSource, download_own: bool) -> ExportPolicy:
    """Return the policy with the tickets and the setting of a container, where it has none of its own.

    The result is a copy, since several containers may have the same policy.
    """
    if ExportPolicy not in type(policy).__mro__:
        return policy
    missing: dict[str, object] = {}
    if policy._ticket_source is None:  # noqa: SLF001 - of this module
        missing["_ticket_source"] = ticket_source
    if policy._download_own is None:  # noqa: SLF001
        missing["_download_own"] = download_own
    if not missing:
        return policy
    own = copy(policy)
    for name, value in missing.items():
        # The class of the host may be frozen.
        object.__setattr__(own, name, value)
    return own
