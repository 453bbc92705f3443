"""The record of who did what with an export."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import attrs

from ticket_export.domain.user_id import UserId


class AuditAction(StrEnum):
    """The kind of an entry."""

    REQUESTED = "requested"
    #: Requested again, from an export that has ended.
    RETRIED = "retried"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DOWNLOADED = "downloaded"
    #: Its retention ended, and its file was deleted.
    CLEANED_UP = "cleaned_up"
    #: A user was not permitted to request, retry, cancel or download.
    REFUSED = "refused"


#: The actions by which a user becomes the requester of an export.
REQUESTS: Final = (AuditAction.REQUESTED, AuditAction.RETRIED)


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One entry of the record.

    `actor_id` is the acting user: the requester where a worker acts for them, None where the system acts by itself.
    `view` is the summary of the exported view. A completed export has a `row_count`. `duration` is the time of the
    attempt that ended the export. `detail` is the digest of a completed export's file, ``sha256 <64 hexadecimal
    digits>``, the message of a failed export, the export that this one was retried from, or what was refused and why.

    A refused request has no export: `job_id` is None, and `view` is empty.

    `actor_facts` are the rights of the acting user at a request, a retry, a download and a refusal. It is a JSON
    document without blanks and with sorted keys: ``{"attributes": {…}, "isAdmin": true, "permissions":
    ["import_export_tickets"]}``. A UUID among the attributes is a text.
    """

    action: AuditAction
    job_id: UUID | None
    actor_id: UserId | None
    at: datetime
    view: str
    row_count: int | None = None
    duration: timedelta | None = None
    detail: str | None = None
    actor_facts: str | None = None


class AuditLog(Protocol):
    """Stores audit entries."""

    @abstractmethod
    def record(self, entry: AuditEntry) -> None:
        """Store one entry."""


@runtime_checkable
class SupportsAnonymising(Protocol):
    """An audit log that can change its entries."""

    @abstractmethod
    def anonymise(self, user_id: UserId) -> int:
        """Remove the user from all entries, and return the number of entries that this changed.

        An entry of the user keeps its action, job, time, number of rows and duration. It loses the acting user, the
        facts, and what may tell of the person: the view, which is the empty text then, and the detail. The system's
        entries about an export that the user requested lose view and detail too. Entries of other users stay as they
        are.
        """
