"""Running the command line: as a script of its own, or, where many runs are needed, in this process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import pytest

from ticket_export.entrypoints.cli.main import main

SCRIPT = Path(sys.executable).with_name("ticket-export")


@attrs.frozen
class Ended:
    """What a command left behind."""

    exit_code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def document(self) -> object:
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        """The lines that tell of a problem, without their mark."""
        return [line.removeprefix("error: ") for line in self.err.splitlines() if line.startswith("error: ")]


class _Stream(io.TextIOWrapper):
    """Standard output or standard error, kept."""

    def __init__(self, errors: str) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8", errors=errors, newline="\n", write_through=True)

    @property
    def content(self) -> bytes:
        return self._kept.getvalue()


def run_command(*arguments: str, stdin: bytes = b"") -> Ended:
    """``ticket-export`` in this process."""
    out, err = _Stream("strict"), _Stream("backslashreplace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        exit_code = main(arguments)
    return Ended(exit_code, out.content, err.content.decode())


def run_script(*arguments: str | bytes, folder: Path, settings: Mapping[str, str] = {}) -> Ended:
    """The real console script, started in `folder`."""
    done = subprocess.run(
        [SCRIPT, *arguments],
        cwd=folder,
        env={**clean_environment(), **settings},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of the library."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TICKET_EXPORT_")}


def jobs(ended: Ended) -> Sequence[Mapping[str, object]]:
    """The items of a page that ``list --json`` printed."""
    page = ended.document
    assert isinstance(page, dict)
    items: list[dict[str, object]] = page["items"]
    return items


def job(ended: Ended) -> Mapping[str, object]:
    """The one job that was printed as JSON."""
    document = ended.document
    assert isinstance(document, dict)
    return document
