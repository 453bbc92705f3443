"""An export job, for people to read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.cli.text_table import text_table

if TYPE_CHECKING:
    from ticket_export.application.dto import ExportJobDto, ExportPage

# Characters of a view in a list, whose lines would otherwise be as long as the longest view; `show` has the whole line.
_WIDEST_VIEW = 60


def job_text(job: ExportJobDto) -> str:
    """One job, a line a field."""
    fields = (
        ("id", job.id),
        ("requester", job.requester_name or job.requester_user_id),
        ("view", job.view),
        ("status", job.status),
        ("stage", job.progress_stage),
        ("percent", job.progress_percent),
        ("rows", job.row_count),
        ("error", job.error_message),
        ("requested", moment_text(job.requested_at)),
        ("completed", moment_text(job.completed_at)),
        ("expires", moment_text(job.expires_at)),
        ("cleaned up", "yes" if job.is_cleaned_up else "no"),
        ("file", job.file_name),
        ("bytes", job.length),
    )
    return text_table(("field", "value"), fields)


def end_text(job: ExportJobDto) -> str:
    """How a job ended, in a line."""
    how = job.error_message if job.row_count is None else f"{job.row_count:,} rows"
    return f"export {job.id} {job.status}: {how}"


def page_text(page: ExportPage) -> str:
    """One page of jobs, and where it is among all."""
    if not page.total:
        return "no exports"
    pages = -(-page.total // page.page_size)
    if not page.items:
        return f"no exports on page {page.page}: the last one is {pages}, {page.total} in all"
    rows = [
        (
            *(job.id, job.requester_name or job.requester_user_id, _status_text(job), job.row_count, job.length),
            *(moment_text(job.requested_at), moment_text(job.expires_at), job.file_name, job.error_message),
            _beginning(job.view),
        )
        for job in page.items
    ]
    heads = ("id", "requester", "status", "rows", "bytes", "requested", "expires", "file", "error", "view")
    table = text_table(heads, rows)
    return f"{table}\npage {page.page} of {pages}, {page.total} in all"


def _beginning(view: str) -> str:
    return view if len(view) <= _WIDEST_VIEW else f"{view[: _WIDEST_VIEW - 1]}…"


def _status_text(job: ExportJobDto) -> str:
    if job.status != ExportJobStatus.RUNNING.developer_name or job.progress_percent is None:
        return job.status
    return f"{job.status} {job.progress_percent} %"


def moment_text(moment: datetime | None) -> str | None:
    """A time in UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else None
