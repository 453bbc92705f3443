"""An export has the format that its view asks for, or there is no export."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.file_rows import FORMATS, rows_in
from tests.unit.application.use_cases.help_desk import VIEW, HelpDesk, raising
from ticket_export import CsvFormat
from ticket_export.application.file.export_file import manifest_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.errors import (
    InvalidPayloadError,
    LeaseLostError,
    StorageError,
    TicketSourceError,
)
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS
from ticket_export.ports import FileFormat, FormatOptions

ALL: Mapping[str, type[FileFormat]] = {"csv": CsvFormat, "ndjson": NdjsonFormat, "xlsx": XlsxFormat}
ROWS = BLOCK_ROWS + 1


@pytest.fixture
def desk() -> HelpDesk:
    desk = HelpDesk(file_formats=FileFormats(by_name=ALL))
    desk.fill(ROWS)
    return desk


def forbid_all_but_csv(desk: HelpDesk) -> None:
    desk.file_formats = FileFormats(by_name={"csv": CsvFormat})


def view_in(file_format: str) -> dict[str, object]:
    return {**VIEW, "file": {"format": file_format}}


@pytest.mark.parametrize("file_format", FORMATS)
def test_file_has_the_format_that_was_asked_for(desk: HelpDesk, file_format: str) -> None:
    job_id = desk.request_export(desk.user(), view_in(file_format)).id
    assert desk.run_export(job_id).status == "completed"
    item = desk.media_item(job_id)
    assert item.object_key.endswith(f".{file_format}")
    assert item.file_name.endswith(f".{file_format}")
    assert item.content_type == ALL[file_format].content_type
    rows = rows_in(file_format, desk.file(job_id))
    assert [row[0] for row in rows] == [str(number) for number in range(ROWS)]
    manifest = ExportManifest.read(desk.stored[manifest_key(item.object_key)])
    assert manifest.changes == ({"cutTexts": 0, "replacedTexts": 0} if file_format == "xlsx" else {})


def test_view_that_asks_for_no_format_gets_the_first_offered_one(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), VIEW).id
    assert desk.run_export(job_id).status == "completed"
    assert desk.file(job_id).startswith("\ufeffTicket ID".encode())


def test_forbidden_format_is_refused_at_the_request_and_nothing_is_stored(desk: HelpDesk) -> None:
    forbid_all_but_csv(desk)
    with pytest.raises(InvalidPayloadError, match=r"file\.format: the format 'xlsx' is not offered; offered are csv"):
        desk.request_export(desk.user(), view_in("xlsx"))
    assert not desk.database.committed.jobs
    assert desk.stored == {}


def test_format_that_is_forbidden_since_the_request_is_refused_at_the_run(desk: HelpDesk) -> None:
    job_id = desk.request_export(desk.user(), view_in("xlsx")).id
    forbid_all_but_csv(desk)
    done = desk.run_export(job_id)
    assert done.status == "failed"
    assert done.error_message is not None
    assert done.error_message.endswith("file.format: the format 'xlsx' is not offered; offered are csv")
    assert desk.stored == {}


def test_format_that_is_forbidden_since_the_request_is_refused_at_the_retry(desk: HelpDesk) -> None:
    actor = desk.user()
    job_id = desk.request_export(actor, view_in("xlsx")).id
    forbid_all_but_csv(desk)
    desk.run_export(job_id)
    with pytest.raises(InvalidPayloadError, match="the format 'xlsx' is not offered"):
        desk.retry_export(actor, job_id)
    assert len(desk.database.committed.jobs) == 1


def test_options_of_the_request_outlive_the_settings_of_the_run(desk: HelpDesk) -> None:
    defaults = FormatOptions(delimiter=";", bom=False, header=False)
    desk.file_formats = FileFormats(by_name=ALL, defaults=defaults)
    job_id = desk.request_export(desk.user(), VIEW).id
    desk.file_formats = FileFormats(by_name=dict(reversed(list(ALL.items()))))
    desk.run_export(job_id)
    assert desk.file(job_id).startswith(b"0;'=ticket 0\n")


def test_same_view_in_another_format_is_another_export(desk: HelpDesk) -> None:
    actor = desk.user()
    asked = [VIEW, view_in("csv"), {**VIEW, "file": {"delimiter": ","}}, view_in("ndjson"), view_in("xlsx")]
    ids = [desk.request_export(actor, view).id for view in asked]
    assert len(set(ids[:3])) == 1
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("source.block", TicketSourceError("the tickets could not be read")),
        ("source.close", TicketSourceError("the tickets could not be read")),
        ("storage.write", StorageError("the file could not be written")),
        ("storage.publish", StorageError("the file could not be written")),
        ("manifest.publish", StorageError("the file could not be written")),
        ("work.completed", RuntimeError("no")),
    ],
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_failing_export_leaves_nothing_in_any_format(
    desk: HelpDesk, file_format: str, place: str, error: Exception
) -> None:
    job_id = desk.request_export(desk.user(), view_in(file_format)).id
    desk.happen[place] = raising(error)
    assert desk.run_export(job_id).status == "failed"
    assert desk.stored == {}


@pytest.mark.parametrize("place", ["source.count", "source.block", "storage.write", "storage.publish"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_cancelled_export_leaves_nothing_in_any_format(desk: HelpDesk, file_format: str, place: str) -> None:
    actor = desk.user()
    job_id = desk.request_export(actor, view_in(file_format)).id
    desk.happen[place] = lambda: desk.cancel_export(actor, job_id)
    with pytest.raises(LeaseLostError):
        desk.run_export(job_id)
    assert desk.job(job_id).error_message == "Cancelled"
    assert desk.stored == {}


@pytest.mark.parametrize("step", ["begin", "add", "end"])
def test_container_that_fails_leaves_nothing(desk: HelpDesk, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = list(desk.columns)
    container = type(XlsxFormat.of(FormatOptions()).container(columns))

    def fail(*_arguments: object) -> bytes:
        raise ArithmeticError

    monkeypatch.setattr(container, step, fail)
    job_id = desk.request_export(desk.user(), view_in("xlsx")).id
    done = desk.run_export(job_id)
    assert done.status == "failed"
    assert done.error_message is not None
    assert done.error_message.startswith("The export failed unexpectedly.")
    assert desk.stored == {}
