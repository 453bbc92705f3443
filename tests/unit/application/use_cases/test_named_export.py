from __future__ import annotations

import pytest

from tests.unit.application.use_cases.help_desk import NAME, PREFIX, HelpDesk, raising
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.errors import TicketsUnavailableError


def test_file_has_the_name_that_the_host_gives_and_its_key_does_not(desk: HelpDesk) -> None:
    desk.naming = lambda job: f"Zoë's export {job.requested_at:%Y}"
    user = desk.user(admin=True)
    job_id = desk.requested(user).id
    assert desk.run_export(job_id).file_name == "Zo__s export 2026.csv"
    item = desk.media_item(job_id)
    assert item.object_key == f"{PREFIX}{job_id}/1/{NAME}"
    manifest = ExportManifest.read(desk.storage.objects[f"{item.object_key}.manifest.json"])
    assert manifest.file_name == "Zo__s export 2026.csv"
    download = desk.open_download(user, job_id)
    assert download.headers["Content-Disposition"] == 'attachment; filename="Zo__s export 2026.csv"'


def test_export_whose_name_cannot_be_made_completes_with_the_default_name(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.naming = lambda job: str(job.requester.last_name[99])  # type: ignore[union-attr,index]
    job = desk.run_export(desk.requested().id)
    assert (job.status, job.file_name) == ("completed", "tickets-20260301T120000Z.csv")
    assert "gets the default name" in caplog.text


def test_every_attempt_has_the_same_name(desk: HelpDesk) -> None:
    desk.naming = lambda job: f"mine {job.id}"
    job_id = desk.requested().id
    desk.happen["source.count"] = raising(TicketsUnavailableError("away"))
    with pytest.raises(TicketsUnavailableError):
        desk.run_export(job_id)
    desk.happen.clear()
    assert desk.run_export(job_id).file_name == f"mine {job_id}.csv"
