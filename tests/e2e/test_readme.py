"""The README and the commands of the reference do what they say, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.documents import PAGES, ROOT, blocks

README = ROOT / "README.md"
COMMAND_LINE = ROOT / "docs" / "reference" / "command-line.md"


def links(page: Path) -> list[str]:
    """Where the page's relative links lead."""
    found = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return sorted({link for link in found if "://" not in link})


def test_the_python_example_runs_in_an_empty_folder(tmp_path: Path) -> None:
    (example,) = (block.text for block in blocks(README) if block.marker == "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    ran = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0] == "Ticket ID,Title,Assignee"
    assert len(lines) > 100


@pytest.mark.parametrize(
    ("page", "link"),
    [pytest.param(page, link, id=f"{page.relative_to(ROOT)}-{link}") for page in PAGES for link in links(page)],
)
def test_every_link_leads_somewhere(page: Path, link: str) -> None:
    assert (page.parent / link).exists()


def test_the_shell_example_writes_the_file_in_an_empty_folder(tmp_path: Path) -> None:
    (script,) = (block.text for block in blocks(COMMAND_LINE) if block.marker == "sh")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ran = subprocess.run(
        ["sh", "-c", f"set -e\n{script}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": path},
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "tickets.csv").read_text(encoding="utf-8-sig").startswith("Ticket ID,Title,Status,Created\n")
