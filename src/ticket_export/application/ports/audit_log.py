"""A record of who did what with an export."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import attrs


class AuditAction(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    #: Requested once more, from an export that has ended.
    RETRIED = "retried"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DOWNLOADED = "downloaded"
    #: Its retention was over, and its file is gone.
    CLEANED_UP = "cleaned_up"


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One line of the record.

    `actor_id` is who acted: the requester, for what a worker does on their behalf, and None for what
    the system does by itself. `view` is the summary of the exported view. `row_count` is known of a
    completed export; `duration` is how long the attempt took that ended it. `detail` is the digest of a
    completed export's file, ``sha256 <64 hexadecimal digits>``, the message of one that has failed, or the export that
    one was retried from.
    """

    action: AuditAction
    job_id: UUID
    actor_id: UUID | None
    at: datetime
    view: str
    row_count: int | None = None
    duration: timedelta | None = None
    detail: str | None = None


class AuditLog(Protocol):
    """Keeps entries."""

    @abstractmethod
    def record(self, entry: AuditEntry) -> None:
        """Keep one entry."""
