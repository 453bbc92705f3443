"""The how-to shows the format plugin of the examples, whose tests pass; installed, the command line offers it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import ADMIN
from tests.e2e.test_storage_plugin import run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "format_plugin"
HOW_TO = (ROOT / "docs" / "how-to" / "add-a-file-format.md").read_text(encoding="utf-8")
MODULE = EXAMPLE / "src" / "ticket_export_html" / "html_format.py"
_LEFT = shutil.ignore_patterns(".hypothesis", ".pytest_cache", ".mypy_cache", "__pycache__")


@pytest.mark.parametrize("file", [MODULE, EXAMPLE / "pyproject.toml", EXAMPLE / "tests" / "test_html_format.py"])
def test_how_to_has_the_files_of_the_example_word_for_word(file: Path) -> None:
    assert f"\n{file.read_text(encoding='utf-8')}```\n" in HOW_TO


def test_format_takes_less_than_sixty_lines() -> None:
    assert len(MODULE.read_text(encoding="utf-8").splitlines()) < 60


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed, and with its tests."""
    target = tmp_path_factory.mktemp("installed")
    # Of a copy, since building may leave something behind.
    source = shutil.copytree(EXAMPLE, target / "source", ignore=_LEFT)
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, source, folder=target)
    return target


def test_tests_of_the_example_pass(installed: Path) -> None:
    shown = run(
        *(
            "env",
            f"PYTHONPATH={installed}:{ROOT / 'src'}",
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
        ),
        folder=installed / "source",
    )
    assert re.search(r"\b\d\d passed", shown)


def test_installed_format_is_offered_and_written(help_desk: HelpDesk, installed: Path) -> None:
    settings = {**help_desk.settings, "PYTHONPATH": str(installed)}
    view = ("--columns", "id,title,creationTime")
    ended = run_script("export", *view, *ADMIN, "--output", "tickets.html", folder=help_desk.folder, settings=settings)
    assert ended.exit_code == 0, ended.err
    page = (help_desk.folder / "tickets.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("</tr>\n</table>\n")
    assert page.count("<tr>") > 100
    assert b"html" in run_script("columns", *ADMIN, folder=help_desk.folder, settings=settings).out
