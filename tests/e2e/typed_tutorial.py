"""A reader who types a tutorial: saves its files, runs its commands, and sees what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from tests.e2e.command_line import clean_environment
from tests.e2e.documents import ROOT, Block, blocks

_LIMIT: Final = 280
_FILE = re.compile(r"save this as `(?P<path>[\w./-]+)`", re.IGNORECASE)
_COMMAND: Final = """#!{python}
import sys
from ticket_export.entrypoints.cli.main import main
sys.exit(main())
"""


@attrs.define
class TypingReader:
    """A reader with a virtual environment in `folder`, which has what is installed for the tests.

    They type `page`, but with `replaced` in it, such as the address of a server whose port may be in use here.
    Variables that a command exports are those of the later commands too.
    """

    page: Path
    folder: Path
    replaced: Mapping[str, str] = attrs.field(factory=dict)
    #: What each command has printed, and each file that was saved.
    printed: dict[str, str] = attrs.field(factory=dict)
    saved: dict[str, str] = attrs.field(factory=dict)
    _exports: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        venv.create(self._environment, symlinks=True)
        command = self._environment / "bin" / "ticket-export"
        command.write_text(_COMMAND.format(python=self._environment / "bin" / "python"), encoding="utf-8")
        command.chmod(0o755)

    def follow(self) -> None:
        """Save each file, run each command of an ``sh`` block, and compare with what the page shows behind it."""
        latest = ""
        for block in blocks(self.page):
            if block.marker == "sh":
                latest = self.printed[block.text] = self.run(self._typed(block))
            elif block.marker == "text":
                assert self._typed(block) in latest, f"{block} is not what was printed:\n{latest}"
            elif block.marker != "console":
                self._save(block)

    def run(self, commands: str) -> str:
        """Run commands of a shell in the folder; return what they print."""
        self._exports += re.findall(r"^export .*$", commands, flags=re.MULTILINE)
        ran = subprocess.run(
            ["sh", "-c", "\n".join(["set -e", *self._exports, commands])],
            cwd=self.folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
        assert ran.returncode == 0, f"{commands}\n{ran.stdout}"
        return ran.stdout

    @property
    def _environment(self) -> Path:
        return self.folder / ".venv"

    def _variables(self) -> dict[str, str]:
        # In place of a package index, pip finds what is installed for the tests.
        paths = [path for path in sys.path if Path(path).is_dir() and Path(path) != ROOT]
        return {
            **clean_environment(),
            "PYTHONPATH": os.pathsep.join(paths),
            "PATH": f"{self._environment / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "PIP_NO_INDEX": "1",
            # Its way to say --no-build-isolation: hatchling is installed, too.
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def _typed(self, block: Block) -> str:
        text = block.text
        for shown, own in self.replaced.items():
            text = text.replace(shown, own)
        return text

    def _save(self, block: Block) -> None:
        above = self.page.read_text(encoding="utf-8").splitlines()[: block.line - 1]
        paragraph = "\n".join(above).rstrip().rpartition("\n\n")[2]
        found = _FILE.findall(paragraph.replace("\n", " "))
        assert found, f"{block}: the paragraph before it does not say which file it is"
        path = self.folder / found[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._typed(block), encoding="utf-8")
        self.saved[found[-1]] = block.text
