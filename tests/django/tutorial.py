"""The tutorial for Django, as a reader types it: files to save, commands to run, and what is shown."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import attrs

from tests.e2e.command_line import clean_environment
from tests.e2e.documents import ROOT, Block, blocks
from tests.e2e.test_examples import code_lines

PAGE: Final = ROOT / "docs" / "tutorial" / "django.md"
#: What comes before it is the reader's own: models, list view, login.
EXPORTS_BEGIN: Final = "## 4. Add the exports"
_LIMIT: Final = 120
_FILE = re.compile(r"(?P<how>save this as|replace|at the end of) `(?P<path>[\w./]+)`", re.IGNORECASE)


@attrs.define
class Reader:
    """A reader who types the tutorial in `folder`, where `python` is that of the tests."""

    folder: Path
    #: The lines of code that the exports need, and what each command has printed.
    lines: list[str] = attrs.field(factory=list)
    printed: dict[str, str] = attrs.field(factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {**clean_environment(), "PATH": path, "PYTHONUNBUFFERED": "1"}

    def follow(self) -> None:
        """Save every file and run every command that is not left to a terminal of its own."""
        begin = PAGE.read_text("utf-8").splitlines().index(EXPORTS_BEGIN)
        for block in blocks(PAGE):
            if block.marker in {"py", "html"}:
                new = self._save(block)
                if block.line > begin:
                    self.lines += new
            elif block.marker == "sh":
                self.printed[block.text] = self.run(block.text)

    def run(self, commands: str) -> str:
        """Run commands of a shell; return what they print."""
        ran = subprocess.run(
            ["sh", "-c", f"set -e\n{commands}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
        assert ran.returncode == 0, f"{commands}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout + ran.stderr

    @contextmanager
    def started(self, command: str, announced: str) -> Iterator[str]:
        """Run a command until the end of the block; yield the line of its output that matches `announced`."""
        output = self.folder / f"{command.split()[2]}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _announcement(process, output, announced)
            assert process.poll() is None, output.read_text("utf-8")
        finally:
            process.terminate()
            process.wait(_LIMIT)

    def _save(self, block: Block) -> list[str]:
        """Save a file as the page says, and return its new lines of code."""
        how, name = _instruction(block)
        path = self.folder / name
        before = path.read_text("utf-8") if path.exists() else ""
        assert bool(before) == (how != "save this as"), f"{block}: {how} {name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        after = f"{before}\n{block.text}" if how == "at the end of" else block.text
        path.write_text(after, "utf-8")
        return list((Counter(code_lines(after)) - Counter(code_lines(before))).elements())


def left_running() -> list[str]:
    """The commands that a reader leaves running, each in a terminal of its own."""
    typed = [line for block in blocks(PAGE) if block.marker == "console" for line in block.text.splitlines()]
    return [line.removeprefix("$ ") for line in typed if line.startswith("$ python manage.py")]


def output_shown() -> dict[str, str]:
    """The output that the page shows right after the commands which print it."""
    found = pairwise(blocks(PAGE))
    return {typed.text: shown.text for typed, shown in found if (typed.marker, shown.marker) == ("sh", "text")}


def shown() -> list[str]:
    """What the page shows of files and output."""
    return [block.text for block in blocks(PAGE) if block.marker == "text"]


def _instruction(block: Block) -> tuple[str, str]:
    lines = block.page.read_text("utf-8").splitlines()[: block.line - 1]
    paragraph: list[str] = []
    while lines and (lines[-1].strip() or not paragraph):
        paragraph.insert(0, lines.pop())
    found = list(_FILE.finditer(" ".join(paragraph)))
    assert found, f"{block}: the paragraph before it does not say which file it is"
    return found[-1]["how"].lower(), found[-1]["path"]


def _announcement(process: subprocess.Popen[bytes], output: Path, announced: str) -> str:
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        if found := re.search(announced, output.read_text("utf-8")):
            return found[0]
        assert process.poll() is None, output.read_text("utf-8")
        time.sleep(0.05)
    raise AssertionError(f"no {announced!r} in {output.read_text('utf-8')}")
