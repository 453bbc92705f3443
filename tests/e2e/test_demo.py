from __future__ import annotations

import csv
import io
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.e2e.command_line import SCRIPT, clean_environment, run_command, run_script

_SUMMARY = re.compile(r"^([\d,]+) rows, ([\d,]+) bytes, [\d.]+ s: (.+)$", re.MULTILINE)


def test_the_demo_shows_the_file_and_what_to_do_next(tmp_path: Path) -> None:
    ended = run_script("demo", "--tickets", "600", folder=tmp_path)
    assert ended.exit_code == 0, ended.err
    summary = _SUMMARY.search(ended.text)
    assert summary is not None
    file = Path(summary[3])
    header, *rows = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
    assert (len(rows), file.stat().st_size) == tuple(int(number.replace(",", "")) for number in summary.groups()[:2])
    assert rows
    assert ",".join(header) in ended.text
    assert {row[2] for row in rows} == {"new", "open", "in_progress", "pending"}
    # Shown as they are: every line that is shown is a whole record of the file.
    shown = ended.text.partition(",".join(header))[2].partition("\n\n")[0].splitlines()[1:]
    assert list(csv.reader(shown)) == rows[:5]
    assert file.parent == tmp_path / "ticket-export-demo"

    commands = [line.strip() for line in ended.text.partition("Next, try:\n")[2].splitlines()]
    assert len(commands) == 8
    script = "set -e\n" + "\n".join(commands)
    tried = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=clean_environment(), capture_output=True, check=False, timeout=60
    )
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.decode().endswith("page 1 of 1, 3 in all\n")
    assert b"\n1 completed, 0 failed\n" in tried.stdout
    with zipfile.ZipFile(tmp_path / "vpn.xlsx") as workbook:
        assert "xl/workbook.xml" in workbook.namelist()


def test_what_to_do_next_is_typed_as_the_demo_was(tmp_path: Path) -> None:
    on_path = {"PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"}
    by_name = run_script("demo", "--tickets", "30", folder=tmp_path, settings=on_path)
    assert "\n  ticket-export columns\n" in by_name.text
    module = [sys.executable, "-m", "ticket_export.entrypoints.cli"]
    by_module = subprocess.run(
        [*module, "demo", "--tickets", "30"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert f"\n  {shlex.join(module)} columns\n" in by_module.stdout.decode()


def test_the_environment_plays_no_part(tmp_path: Path) -> None:
    settings = {"TICKET_EXPORT_DATABASE_URL": "sqlite:///mine.db", "TICKET_EXPORT_LEASE_SECONDS": "soon"}
    ended = run_script("demo", "--tickets", "30", "--folder", "d", folder=tmp_path, settings=settings)
    assert ended.exit_code == 0, ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_second_demo_takes_the_place_of_the_first_and_of_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "a demo's # folder %20"
    assert run_command("demo", "--tickets", "30", "--folder", str(folder)).exit_code == 0
    (folder / "notes.txt").write_text("mine")
    again = run_command("demo", "--tickets", "40", "--folder", str(folder))
    assert again.exit_code == 0, again.err
    assert "in place of the earlier demo" in again.text
    assert (folder / "notes.txt").read_text() == "mine"
    assert len(list((folder / "storage").rglob("*.csv"))) == 1


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "tickets.csv").write_text("mine")
    ended = run_command("demo", "--folder", str(tmp_path))
    assert (ended.exit_code, len(ended.problems)) == (2, 1)
    assert "--folder" in ended.problems[0]
    assert (tmp_path / "tickets.csv").read_text() == "mine"
    assert (tmp_path / "storage").exists()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/below", "what?", "x" * 300):
        ended = run_command("demo", "--folder", str(tmp_path / folder))
        assert (ended.exit_code, len(ended.problems)) == (2, 1)
        assert ended.problems[0].startswith("--folder: ")
