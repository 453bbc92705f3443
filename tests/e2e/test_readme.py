"""What the README shows runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_runs_in_an_empty_folder(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    ran = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0] == "Ticket ID,Title,Assignee"
    assert len(lines) > 100


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")))))
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (README.parent / link).exists()


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
