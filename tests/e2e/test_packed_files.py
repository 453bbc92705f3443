"""The setting packs what every command writes, and says so."""

from __future__ import annotations

import json

import pytest

from tests.e2e.command_line import job, run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import ADMIN, stored_files
from tests.unpacking import unpacked

_VIEW = ("--columns", "id,title,description", "--sort", "id")


@pytest.mark.parametrize(("compression", "suffix"), [("gzip", ".gz"), ("zstd", ".zst")])
def test_packed_export_is_the_same_file_once_it_is_unpacked(
    help_desk: HelpDesk,
    monkeypatch: pytest.MonkeyPatch,
    compression: str,
    suffix: str,
) -> None:
    assert run_command("export", *_VIEW, *ADMIN, "--output", "plain.csv").exit_code == 0
    monkeypatch.setenv("TICKET_EXPORT_COMPRESSION", compression)
    ended = run_command("export", *_VIEW, *ADMIN, "--output", f"packed.csv{suffix}", "--json")
    assert (ended.exit_code, ended.problems) == (0, [])
    packed = (help_desk.folder / f"packed.csv{suffix}").read_bytes()
    assert unpacked(packed, suffix) == (help_desk.folder / "plain.csv").read_bytes()
    assert str(job(ended)["fileName"]).endswith(f".csv{suffix}")
    assert job(ended)["length"] == len(packed)
    assert {name.partition(".")[2] for name in stored_files(help_desk)} == {
        "csv",
        "csv.manifest.json",
        f"csv{suffix}",
        f"csv{suffix}.manifest.json",
    }
    (manifest,) = (help_desk.folder / "storage").rglob(f"*{suffix}.manifest.json")
    assert json.loads(manifest.read_text())["length"] == len(packed)


def test_name_that_does_not_tell_that_the_file_is_packed_is_remarked(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_COMPRESSION", "gzip")
    ended = run_command("export", *_VIEW, *ADMIN, "--output", "tickets.csv")
    assert ended.exit_code == 0
    assert "the name of tickets.csv should end with .gz" in ended.err
