"""What commands make is for its owner only, whatever the umask gives away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk


@pytest.fixture(params=[0o022, 0], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def _readable_by_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.usefixtures("_umask")
def test_database_storage_and_output_that_commands_make_are_for_their_owner(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = help_desk.folder / "made"
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{made}/data/new.db")
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (made / "files/exports").as_uri())
    for command in (
        ("migrate", "--reference-schema"),
        ("sample-data", "--tickets", "20"),
        ("export", "--columns", "id", "--as", "admin@example.test", "--output", str(made / "tickets.csv")),
    ):
        ended = run_command(*command)
        assert ended.exit_code == 0, ended.err
    assert len([path for path in made.rglob("*") if path.is_file()]) >= 4
    assert _readable_by_others(made) == []


@pytest.mark.usefixtures("_umask")
def test_the_folder_of_the_demo_is_for_its_owner(tmp_path: Path) -> None:
    ended = run_command("demo", "--tickets", "30", "--folder", str(tmp_path / "a/demo"))
    assert ended.exit_code == 0, ended.err
    assert _readable_by_others(tmp_path / "a") == []
