from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export import ConfigurationError, Settings
from ticket_export.application.file.download import MAX_NAME_LENGTH, content_disposition
from ticket_export.application.file.file_name import FileNameTemplate, file_name
from ticket_export.ports import ExportJob, User

JOB = ExportJob(
    id=UUID(int=7),
    requester_user_id=42,
    requested_at=datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC),
    snapshot_payload_json="{}",
    expires_at=datetime(2026, 3, 4, 12, tzinfo=UTC),
    creation_time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    requester=User(id=42, first_name="Zoë", last_name="O'Hara"),
)
DEFAULT = "tickets-20260301T123005Z.csv"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("tickets-{requested_at}", DEFAULT),
        ("tickets-{requested_at:%Y-%m-%d}", "tickets-2026-03-01.csv"),
        ("{requested_at:%y%j %H.%M.%S}", "26060 12.30.05.csv"),
        ("Export of {requester}", "Export of Zo_ O_Hara.csv"),
        ("{id}{id}", f"{UUID(int=7)}{UUID(int=7)}.csv"),
        ("report", "report.csv"),
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "_.._etc_passwd.csv"),
        ("con", "_.csv"),
        ("COM1.backup", "_.backup.csv"),
        ("  .hidden. ", "hidden.csv"),
        ('a"b\r\nSet-Cookie: x', "a_b__Set-Cookie_ x.csv"),
        ("x" * 300, "x" * 251 + ".csv"),
    ],
)
def test_template_names_the_file(template: str, name: str) -> None:
    assert file_name(FileNameTemplate(template), JOB) == name


def test_suffix_of_a_compressed_file_comes_last() -> None:
    assert file_name(FileNameTemplate(), JOB, extension=".csv.gz") == f"{DEFAULT}.gz"
    assert file_name(lambda _job: "a.csv.gz", JOB, extension=".csv.gz") == "a.csv.gz"
    assert file_name(lambda _job: "x" * 300, JOB, extension=".csv.zst") == "x" * 247 + ".csv.zst"


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        (User(id=42, first_name="Ann"), "Ann"),
        (User(id=42, email_address="ann@example.test"), "ann_example.test"),
        (User(id=42), "42"),
        (None, "42"),
    ],
)
def test_requester_is_a_name_or_an_address_or_an_id(user: User | None, shown: str) -> None:
    job = attrs.evolve(JOB, requester=user)
    assert file_name(FileNameTemplate("{requester}"), job) == f"{shown}.csv"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{}", "unknown placeholder '{}'"),
        ("{team}", "unknown placeholder '{team}'"),
        ("{requested_at.__class__}", "unknown placeholder"),
        ("{0}", "unknown placeholder"),
        ("{requested_at!r}", "unknown placeholder"),
        ("{{id}}", "unknown placeholder '{'"),
        ("a}", "unknown placeholder '}'"),
        ("{requested_at:%c}", "has an unknown format"),
        ("{requested_at:%}", "has an unknown format"),
        ("{requested_at:}", "has an unknown format"),
        ("{id:>9999999999}", "has an unknown format"),
        ("{requester:%Y}", "has an unknown format"),
    ],
)
def test_other_templates_are_refused_with_the_settings(
    template: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FILE_NAME", template)
    with pytest.raises(ConfigurationError, match=f"TICKET_EXPORT_FILE_NAME: .*{problem}"):
        Settings.load()


@given(st.text(alphabet=st.sampled_from("{}:%abYid_ requested_at"), max_size=30))
def test_every_template_is_refused_or_gives_a_safe_name(template: str) -> None:
    try:
        naming = FileNameTemplate(template)
    except ValueError:
        return
    name = file_name(naming, JOB)
    assert content_disposition(name) == f'attachment; filename="{name}"'


@given(st.text())
def test_every_name_of_a_function_is_made_safe(text: str) -> None:
    name = file_name(lambda _job: text, JOB, extension=".csv.gz")
    assert name.endswith(".csv.gz")
    assert len(name) <= MAX_NAME_LENGTH
    assert content_disposition(name) == f'attachment; filename="{name}"'


@pytest.mark.parametrize("result", [None, 7, b"x", "", " . ", ".csv", KeyError("secret")])
def test_function_that_fails_or_returns_no_name_is_logged_and_the_file_has_the_default_name(
    result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def naming(_job: ExportJob) -> str:
        if isinstance(result, Exception):
            raise result
        name: str = result
        return name

    assert file_name(naming, JOB) == DEFAULT
    assert f"the file of export {JOB.id} gets the default name" in caplog.text
    assert vars(caplog.records[0])["job_id"] == str(JOB.id)
