"""Choices and exports for tests of the pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ticket_export.application.dto import ChoiceDto, ChoicesDto, ColumnDto, FormatDto, LimitsDto, WatchedExportDto
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole
from ticket_export.application.view.view_summary import stored_view, summarize_view

NOW = datetime(2026, 11, 29, 13, 7, tzinfo=UTC)
REFUSAL = 'downloading an export needs an administrator with the permission "Import / Export Tickets"'
#: A view of everything that a page tells.
STORED = json.dumps(
    {
        "columns": ["id", "title", "status"],
        "filters": [
            {"field": "status", "operator": "is_any_of", "value": ["open", "pending"]},
            {"field": "created", "operator": "is_within_past_days", "value": 30},
        ],
        "searchTerm": "toner; ä",
        "scope": {"teamId": 7},
        "sortField": "created",
        "sortDirection": "desc",
        "file": {"format": "xlsx", "delimiter": ";"},
    }
)


def column(name: str, label: str, kind: ColumnKind = ColumnKind.TEXT) -> ColumnDto:
    """A column that can be sorted, and searched if it is text."""
    is_team = name == "teamId"
    return ColumnDto(
        name=name,
        label=label,
        kind=kind,
        id_type=IdType.INTEGER if is_team else None,
        operators=OPERATORS[kind],
        choices=tuple(ChoiceDto(value=each, label=each.title()) for each in ("open", "pending"))
        if kind is ColumnKind.CHOICE
        else (),
        searchable=kind is ColumnKind.TEXT,
        sortable=True,
        scope_role=ScopeRole.TEAM if is_team else None,
    )


COLUMNS = (
    column("id", "Ticket ID", ColumnKind.NUMBER),
    column("title", "Title"),
    column("status", "Status", ColumnKind.CHOICE),
    column("created", "Created", ColumnKind.DATE),
    column("teamId", "Team", ColumnKind.ID),
)
CSV = FormatDto(
    name="csv", extension=".csv", content_type="text/csv", is_packed=False, options=("bom", "delimiter", "header")
)
XLSX = FormatDto(name="xlsx", extension=".xlsx", content_type="x/xlsx", is_packed=True, options=("header",))
NDJSON = FormatDto(name="ndjson", extension=".ndjson", content_type="x/json", is_packed=False, options=())
PARQUET = FormatDto(name="parquet", extension=".parquet", content_type="x/parquet", is_packed=True, options=())


def choices(**changes: object) -> ChoicesDto:
    """What an administrator may choose, but for `changes`."""
    values: dict[str, object] = {
        "columns": COLUMNS,
        "formats": (CSV, XLSX, NDJSON, PARQUET),
        "file": FileOptions(delimiter=",", bom=True, header=True),
        "limits": LimitsDto(
            json_bytes=262144,
            filters=50,
            values=500,
            search_characters=1000,
            value_characters=10000,
            active_exports=3,
            retention_hours=72.0,
        ),
        "may_request": True,
        "may_download": True,
        "refusal": None,
    }
    return ChoicesDto.model_validate(values | changes)


def export(**changes: object) -> WatchedExportDto:
    """An export that waits, but for `changes`."""
    values: dict[str, object] = {
        "id": UUID(int=1),
        "requester_user_id": 1,
        "requester_name": "Zoë",
        "view": summarize_view(STORED),
        "snapshot": stored_view(STORED),
        "status": "queued",
        "progress_stage": "Queued",
        "progress_percent": None,
        "row_count": None,
        "error_message": None,
        "requested_at": NOW,
        "completed_at": None,
        "expires_at": NOW + timedelta(days=3),
        "is_cleaned_up": False,
        "file_name": None,
        "length": None,
        "may_cancel": False,
        "may_retry": False,
        "may_download": True,
        "has_file": False,
        "refusal": None,
    }
    return WatchedExportDto.model_validate(values | changes)


DONE = {
    "status": "completed",
    "progress_stage": "Uploading",
    "progress_percent": 100,
    "row_count": 12345,
    "completed_at": NOW,
    "file_name": "tickets.csv",
    "length": 1834567,
    "has_file": True,
}
RUNNING = {"status": "running", "progress_stage": "Exporting", "progress_percent": 42, "row_count": 12345}
NOT_FOR_ME = {"may_download": False, "refusal": REFUSAL}
#: An export in each state that a page shows.
STATES = {
    "queued": export(may_cancel=True),
    "running": export(**RUNNING, may_cancel=True),
    "completed": export(**DONE),
    "refused": export(**DONE | NOT_FOR_ME),
    "failed": export(status="failed", error_message="The export was interrupted.", may_retry=True),
    "cancelled": export(status="failed", error_message="Cancelled", may_retry=True),
    "expired": export(**DONE | {"has_file": False, "file_name": None, "length": None}),
}
