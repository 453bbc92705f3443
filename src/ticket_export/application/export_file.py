"""How an export's file is called, for the user and in the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_export.domain.export_job import ExportJob

#: Everything below this prefix is the library's own.
KEY_PREFIX = "exports/"


def file_name(job: ExportJob) -> str:
    """What the user saves: the moment of the request, in UTC, so that every attempt has the same name."""
    return f"tickets-{job.requested_at:%Y%m%dT%H%M%SZ}.csv"


def object_key(job: ExportJob, *, attempt: int) -> str:
    """Where attempt number `attempt` (its fencing token) writes; no two attempts share a key."""
    return f"{KEY_PREFIX}{job.id}/{attempt}/{file_name(job)}"
