from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, HelpDesk
from ticket_export import CsvFormat, SystemPermissions
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.view.limits import MAX_FILTERS, MAX_JSON
from ticket_export.catalog import ColumnKind
from ticket_export.ports import TicketColumn, TicketColumns


def test_columns_say_how_a_view_may_use_them(desk: HelpDesk) -> None:
    choices = desk.get_choices(desk.user())
    assert [(each.name, each.label) for each in choices.columns] == [(each.name, each.label) for each in COLUMNS]
    number, title, priority = choices.columns
    assert "gt" in number.operators
    assert (title.searchable, number.searchable) == (True, False)
    assert [(each.value, each.label) for each in priority.choices] == [("low", "low"), ("high", "high")]


def test_only_an_id_has_a_type_and_what_cannot_be_filtered_has_no_operator(desk: HelpDesk) -> None:
    desk.columns = TicketColumns(
        [
            TicketColumn(name="team", label="Team", kind=ColumnKind.ID),
            TicketColumn(name="note", label="Note", kind=ColumnKind.TEXT, filterable=False),
        ]
    )
    team, note = desk.get_choices(desk.user()).columns
    assert (team.id_type, note.id_type) == ("text", None)
    assert note.operators == ()


def test_the_first_format_is_the_default_of_the_settings(desk: HelpDesk) -> None:
    desk.file_formats = FileFormats(by_name={"ndjson": NdjsonFormat, "csv": CsvFormat})
    choices = desk.get_choices(desk.user())
    assert [each.name for each in choices.formats] == ["ndjson", "csv"]
    assert choices.file.format == "ndjson"
    assert choices.formats[1].options == ("bom", "delimiter", "header")


def test_limits_are_those_of_a_view_and_of_the_settings(desk: HelpDesk) -> None:
    desk.max_active_jobs, desk.retention = 5, timedelta(hours=7)
    limits = desk.get_choices(desk.user()).limits
    assert (limits.json_bytes, limits.filters) == (MAX_JSON, MAX_FILTERS)
    assert (limits.active_exports, limits.retention_hours) == (5, 7)


@pytest.mark.parametrize(
    ("admin", "permitted", "download_own", "may_request", "may_download"),
    [
        (True, True, False, True, True),
        (True, False, False, False, False),
        (False, True, False, True, False),
        (False, True, True, True, True),
        (False, False, True, False, False),
    ],
)
def test_the_rights_are_told_before_anything_is_requested(
    desk: HelpDesk, admin: bool, permitted: bool, download_own: bool, may_request: bool, may_download: bool
) -> None:
    desk.download_own = download_own
    permissions = SystemPermissions.IMPORT_EXPORT_TICKETS if permitted else SystemPermissions.NONE
    choices = desk.get_choices(desk.user(admin=admin, permissions=permissions))
    assert (choices.may_request, choices.may_download) == (may_request, may_download)
    assert (choices.refusal is None) == may_download
    assert desk.audit_log.entries == []
