"""``ticket-export check``: what it prints, and how it ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import clean_environment, run_command, run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.documents import ROOT

_HOST_APP = ROOT / "examples" / "host_app"


def test_a_help_desk_without_mistakes_has_no_finding(help_desk: HelpDesk) -> None:
    ended = run_command("check")
    assert (ended.exit_code, ended.text, ended.err) == (0, "no problem found\n", "")
    assert run_command("check", "--json").document == []


def test_the_demo_has_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "demo"
    assert run_command("demo", "--tickets", "10", "--folder", str(folder)).exit_code == 0
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{folder}/help-desk.db")
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (folder / "storage").as_uri())
    assert run_command("check").text == "no problem found\n"


def test_the_host_of_the_example_has_no_finding(tmp_path: Path) -> None:
    for file in _HOST_APP.glob("*.py"):
        shutil.copy(file, tmp_path)
    settings = {"TICKET_EXPORT_DATABASE_URL": f"sqlite:///{tmp_path}/crm.db", "PYTHONPATH": str(tmp_path)}
    settings["TICKET_EXPORT_STORAGE_URL"] = (tmp_path / "files").as_uri()
    environment = {**clean_environment(), **settings}
    subprocess.run(
        [sys.executable, "host_app.py"], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    ended = run_script("--app", "host_app:container", "check", folder=tmp_path, settings=settings)
    assert (ended.exit_code, ended.text, ended.err) == (0, "no problem found\n", "")


def test_an_error_is_exit_code_2_and_its_remedy_names_the_host(help_desk: HelpDesk) -> None:
    (help_desk.folder / "crm_exports.py").write_text(
        "from ticket_export import TicketExportContainer\ncontainer = TicketExportContainer()\n"
    )
    settings = help_desk.settings | {"TICKET_EXPORT_DATABASE_URL": "sqlite:///new.db"}
    ended = run_script("--app", "crm_exports:container", "check", folder=help_desk.folder, settings=settings)
    assert ended.exit_code == 2
    assert "run: ticket-export --app crm_exports:container migrate --reference-schema\n" in ended.text
    assert ended.text.splitlines()[-1].endswith(" errors")
    assert ended.err == ""


def test_a_warning_is_exit_code_0(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_STALL_SECONDS", "30")
    ended = run_command("check")
    assert ended.exit_code == 0
    assert ended.text.splitlines() == [
        (
            "warning: settings: a storage may take no bytes for 60 s, and after 30 s without progress another attempt "
            "takes the export over"
        ),
        "  set TICKET_EXPORT_STALL_SECONDS=600",
        "1 warning",
    ]
    assert run_command("check", "--json").document == [
        {
            "severity": "warning",
            "where": "settings",
            "what": "a storage may take no bytes for 60 s, and after 30 s without progress another attempt takes the "
            "export over",
            "remedy": "set TICKET_EXPORT_STALL_SECONDS=600",
        }
    ]


def test_a_database_that_is_away_is_one_finding_without_its_password(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", "postgresql://crm:secret@127.0.0.1:1/crm?password=secret")
    ended = run_command("check")
    assert (ended.exit_code, ended.text.splitlines()[-1]) == (2, "1 error")
    assert "the database cannot be reached" in ended.text
    assert "secret" not in ended.text + ended.err


def test_an_invalid_setting_is_exit_code_2(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_MAX_ATTEMPTS", "none")
    assert run_command("check").exit_code == 2
