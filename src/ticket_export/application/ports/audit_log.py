"""A record of who did what with an export."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import attrs


class AuditAction(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    DOWNLOADED = "downloaded"


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One line of the record.

    `actor_id` is who acted (the requester, for what a worker does), `view` the summary of the
    exported view, `row_count` and `duration` are known once an export has ended.
    """

    action: AuditAction
    job_id: UUID
    actor_id: UUID
    at: datetime
    view: str
    row_count: int | None = None
    duration: timedelta | None = None
    detail: str | None = None


class AuditLog(Protocol):
    """Keeps entries."""

    def record(self, entry: AuditEntry) -> None:
        """Keep one entry."""
        ...
