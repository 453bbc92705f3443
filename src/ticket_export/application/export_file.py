"""How an export's file is called, for the user and in the storage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ticket_export.domain.export_job import ExportJob

#: Everything below this prefix is the library's own.
KEY_PREFIX = "exports/"
_KEY = re.compile(
    rf"{KEY_PREFIX}(?P<job>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/(?P<attempt>[0-9]{{1,18}})/"
)


def file_name(job: ExportJob) -> str:
    """What the user saves: the moment of the request, in UTC, so that every attempt has the same name."""
    return f"tickets-{job.requested_at:%Y%m%dT%H%M%SZ}.csv"


def object_key(job: ExportJob, *, attempt: int) -> str:
    """Where attempt number `attempt` (its fencing token) writes; no two attempts share a key."""
    return f"{KEY_PREFIX}{job.id}/{attempt}/{file_name(job)}"


def attempt_of(key: str) -> tuple[UUID, int] | None:
    """The job and the attempt that a key was made for, or None if it is none of ours."""
    match = _KEY.match(key)
    return (UUID(match["job"]), int(match["attempt"])) if match else None
