"""What the README and the documents show runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
_PAGES = [README, ROOT / "CONTRIBUTING.md", *DOCUMENTS]


def programs(page: Path) -> list[str]:
    """The blocks marked ``python``; a fragment is marked ``py``."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where the page's relative links lead."""
    found = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return sorted({link for link in found if "://" not in link})


def run(program: str, folder: Path) -> str:
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_python_example_runs_in_an_empty_folder(tmp_path: Path) -> None:
    (example,) = programs(README)
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    lines = run(example, tmp_path).splitlines()
    assert lines[0] == "Ticket ID,Title,Assignee"
    assert len(lines) > 100


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(program, id=f"{page.relative_to(ROOT)}-{number}")
        for page in DOCUMENTS
        for number, program in enumerate(programs(page), start=1)
    ],
)
def test_a_program_of_the_documents_runs_in_an_empty_folder(program: str, tmp_path: Path) -> None:
    run(program, tmp_path)


@pytest.mark.parametrize(
    ("page", "link"),
    [pytest.param(page, link, id=f"{page.relative_to(ROOT)}-{link}") for page in _PAGES for link in links(page)],
)
def test_every_link_leads_somewhere(page: Path, link: str) -> None:
    assert (page.parent / link).exists()


def test_the_shell_example_runs_in_an_empty_folder(tmp_path: Path) -> None:
    _, _, shell = README.read_text(encoding="utf-8").partition("## From the shell\n")
    block = re.match(r"\n((?:    .*\n)+)", shell)
    assert block
    script = "set -e\n" + block[1]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ran = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": path}
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "tickets.csv").read_text(encoding="utf-8-sig").startswith("Ticket ID,Title,Status,Created\n")
