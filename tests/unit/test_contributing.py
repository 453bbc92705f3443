"""CONTRIBUTING's table "You want to change …" leads to files that exist."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_HEAD = "| you want to change … | open, in this order |"
_PATH = re.compile(r"`([\w./-]+\.(?:py|md))`")


def changes() -> dict[str, list[Path]]:
    """Return the files to open for each change; a row with an empty first cell continues the one above it."""
    _, _, table = (_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition(_HEAD)
    found: dict[str, list[Path]] = {}
    change = ""
    for line in table.strip().splitlines()[1:]:
        _, first, files, _ = (cell.strip() for cell in line.split("|"))
        change = first or change
        found.setdefault(change, []).extend(_file(name) for name in _PATH.findall(files))
    return found


def _file(name: str) -> Path:
    return _ROOT / name if name.startswith(("docs/", "tests/")) else _ROOT / "src" / "ticket_export" / name


def test_at_least_12_changes_each_name_the_files_to_open() -> None:
    assert len(changes()) >= 12
    assert [change for change, paths in changes().items() if len(paths) < 3] == []


def test_every_file_exists() -> None:
    assert [str(path) for paths in changes().values() for path in paths if not path.is_file()] == []
