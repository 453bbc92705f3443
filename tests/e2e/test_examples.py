"""A host with its own tables: the example runs, and the pages show it word for word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST_APP = ROOT / "examples" / "host_app"
FASTAPI_HOST = ROOT / "examples" / "fastapi_host"


def run(folder: Path, *arguments: str | Path) -> str:
    ran = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_host_exports_from_its_own_tables_in_an_empty_folder(tmp_path: Path) -> None:
    shown = run(tmp_path, HOST_APP / "host_app.py").splitlines()
    assert shown == [
        "Case,Subject,Owner",
        "1,'=1+1 is what the screen says,Byron",
        '3,"Printer, again",',
    ]


def test_the_wiring_fits_on_a_screen() -> None:
    assert len((HOST_APP / "host_app.py").read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("example", [HOST_APP, FASTAPI_HOST], ids=lambda example: example.name)
def test_the_hosts_own_test_passes_and_leaves_nothing_on_disk(tmp_path: Path, example: Path) -> None:
    run(tmp_path, "-B", "-m", "pytest", "-p", "no:cacheprovider", example)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "page"), [("host_app.py", "wire-your-tables.md"), ("test_host_app.py", "test-your-application.md")]
)
def test_the_document_shows_the_example_as_it_is(name: str, page: str) -> None:
    source = (HOST_APP / name).read_text(encoding="utf-8")
    assert f"```py\n{source}```\n" in (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
