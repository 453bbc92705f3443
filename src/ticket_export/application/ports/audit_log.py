"""The record of who did what with an export."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
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


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One entry of the record.

    `actor_id` is the acting user: the requester where a worker acts for them, None where the system acts by itself.
    `view` is the summary of the exported view. A completed export has a `row_count`. `duration` is the time of the
    attempt that ended the export. `detail` is the digest of a completed export's file, ``sha256 <64 hexadecimal
    digits>``, the message of a failed export, or the export that this one was retried from.
    """

    action: AuditAction
    job_id: UUID
    actor_id: UserId | None
    at: datetime
    view: str
    row_count: int | None = None
    duration: timedelta | None = None
    detail: str | None = None


class AuditLog(Protocol):
    """Stores audit entries."""

    @abstractmethod
    def record(self, entry: AuditEntry) -> None:
        """Store one entry."""
