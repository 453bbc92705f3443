"""Export jobs as text or JSON."""

from __future__ import annotations

from datetime import datetime

from ticket_export.application.dto import ExportJobDto, ExportPage, RequestedExportDto
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_line
from ticket_export.entrypoints.cli.output.text_table import text_table

# Characters of a view in a list, whose lines would otherwise be as long as the longest view; `show` prints all of it.
_WIDEST_VIEW = 60


def write_job(job: ExportJobDto, *, as_json: bool) -> None:
    """Write one job to standard output, as JSON or with one field a line."""
    if as_json:
        write_json(job.model_dump(mode="json"))
    else:
        write_line(job_text(job))


def job_text(job: ExportJobDto) -> str:
    """Return one job, one field a line."""
    fields = (
        ("id", job.id),
        ("requester", job.requester_name or job.requester_user_id),
        ("view", job.view),
        ("status", job.status),
        ("stage", job.progress_stage),
        ("percent", job.progress_percent),
        ("rows", job.row_count),
        ("error", job.error_message),
        ("requested", _moment(job.requested_at)),
        ("completed", _moment(job.completed_at)),
        ("expires", _moment(job.expires_at)),
        ("cleaned up", "yes" if job.is_cleaned_up else "no"),
        ("file", job.file_name),
        ("bytes", job.length),
    )
    return text_table(("field", "value"), fields)


def end_text(job: ExportJobDto) -> str:
    """Return how a job ended, in one line."""
    how = job.error_message if job.row_count is None else f"{job.row_count:,} rows"
    return f"export {job.id} {job.status}: {how}"


def already_requested_text(requested: RequestedExportDto) -> str:
    """Return why a request did not create a second export."""
    return f"the same view is requested already: export {requested.id} is {requested.status}, no second one starts"


def page_text(page: ExportPage) -> str:
    """Return one page of jobs, and its number."""
    if not page.total:
        return "no exports"
    pages = -(-page.total // page.page_size)
    if not page.items:
        return f"no exports on page {page.page}: the last one is {pages}, {page.total} in all"
    rows = [
        (
            *(job.id, job.requester_name or job.requester_user_id, _status(job), job.row_count, job.length),
            *(_moment(job.requested_at), _moment(job.expires_at), job.file_name, job.error_message),
            job.view if len(job.view) <= _WIDEST_VIEW else f"{job.view[: _WIDEST_VIEW - 1]}…",
        )
        for job in page.items
    ]
    heads = ("id", "requester", "status", "rows", "bytes", "requested", "expires", "file", "error", "view")
    return f"{text_table(heads, rows)}\npage {page.page} of {pages}, {page.total} in all"


def _status(job: ExportJobDto) -> str:
    if job.status != ExportJobStatus.RUNNING.developer_name or job.progress_percent is None:
        return job.status
    return f"{job.status} {job.progress_percent} %"


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else None
