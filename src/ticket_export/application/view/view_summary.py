"""A view in one line, for the audit log and for lists."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ticket_export.application.safe_text import quoted
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.domain.export_job import ExportJob
from ticket_export.errors import InvalidPayloadError

# Characters; an audit log keeps several summaries of a job.
_LONGEST: Final = 1_000
_LEFT_OUT: Final = f"a view of more than {SHORT_VIEW:,} characters"


def summary_of(job: ExportJob) -> str:
    """Return the summary of the job's view; a list does not read long views, and gets a fixed text."""
    return summarize_view(job.snapshot_payload_json) if job.has_view else _LEFT_OUT


# The audit log and the result of one run ask several times.
@lru_cache(maxsize=32)
def stored_view(payload_json: str) -> ExportSnapshotPayload | None:
    """Return a stored view; None if it cannot be read."""
    try:
        return read_view(payload_json)
    except InvalidPayloadError:
        return None


def summarize_view(payload_json: str) -> str:
    """Return the columns, filters, order and format of a stored view, in at most 1,000 characters."""
    view = stored_view(payload_json)
    if view is None:
        return "a view that cannot be read"
    summary = _summary(view)
    return summary if len(summary) <= _LONGEST else summary[: _LONGEST - 1] + "…"


def _summary(view: ExportSnapshotPayload) -> str:
    parts = [f"columns {', '.join(view.columns)}"]
    parts += [f"{each.field} {each.operator} {quoted(each.value or '')}".removesuffix(" ''") for each in view.filters]
    if view.search_term:
        parts.append(f"search {quoted(view.search_term)}")
    if view.scope and view.scope.team_id is not None:
        parts.append(f"team {quoted(str(view.scope.team_id))}")
    if view.scope and view.scope.assigned_to_user_id is not None:
        parts.append(f"assignee {quoted(str(view.scope.assigned_to_user_id))}")
    if view.selection is not None:
        parts.append(f"selection {quoted(view.selection)}")
    if view.sort_field:
        parts.append(f"sort {view.sort_field} {view.sort_direction or 'asc'}")
    if view.file and view.file.format not in {None, "csv"}:
        parts.append(f"file {view.file.format}")
    if view.file and view.file.delimiter not in {None, ","}:
        parts.append(f"delimiter {quoted(view.file.delimiter)}")
    return "; ".join(parts)
