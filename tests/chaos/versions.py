"""Versions of the library, each by the code of its commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Final

import attrs
import pytest

from tests.programs import require_program
from ticket_export.settings import Settings

_ROOT: Final = Path(__file__).parents[2]
# Seconds. Whatever takes longer hangs, even on a busy machine.
_PATIENCE: Final = 60.0
_REQUEST: Final = """
import json, sys
from ticket_export import TicketExportContainer
container = TicketExportContainer()
actor = container.user_directory().find_by_email("staff@example.test")
jobs = [container.request_export()(actor, view) for view in json.load(sys.stdin)]
assert not any(job.already_requested for job in jobs)
"""


@attrs.frozen
class Version:
    """The library in the folder `source`, with settings that every version has."""

    source: Path
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, source: Path, folder: Path, settings: Settings) -> Version:
        """Only the settings that differ from the default: another version may not know the others."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("TICKET_EXPORT_")}
        chosen = {f"TICKET_EXPORT_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set}
        return cls(source, folder, {**outside, **chosen, "PYTHONPATH": str(source)})

    def run(self, *arguments: str) -> None:
        """Run a command of ``ticket-export`` to its end, which must be good."""
        self._run(["-m", "ticket_export.entrypoints.cli", *arguments], "")

    def request(self, views: Sequence[Mapping[str, object]]) -> None:
        """Request an export of each view."""
        self._run(["-c", _REQUEST], json.dumps(views))

    @contextmanager
    def worker(self, name: str) -> Iterator[VersionedWorker]:
        """``ticket-export worker`` inside the block, killed at its end if it still runs."""
        log = self.folder / f"{name}.log"
        command = [sys.executable, "-m", "ticket_export.entrypoints.cli", "worker"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=output, stderr=output)
        try:
            yield VersionedWorker(process, log)
        finally:
            process.kill()
            process.wait(_PATIENCE)

    def _run(self, arguments: Sequence[str], stdin: str) -> None:
        ended = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        assert ended.returncode == 0, ended.stderr


@attrs.frozen(eq=False)
class VersionedWorker:
    """A worker of one version; what it says is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """Let it hand its export back and end."""
        self.process.send_signal(SIGTERM)
        assert self.process.wait(_PATIENCE) == 0, self.text

    @property
    def text(self) -> str:
        return self.log.read_text("utf-8")

    @property
    def completed(self) -> int:
        """How many exports it has completed, as it says."""
        return sum(" completed" in line for line in self.text.splitlines())


def source_of(commit: str, folder: Path) -> Path:
    """The folder ``src`` of that commit, below `folder`; skips in a copy without the history, such as an archive."""
    git = [require_program("git"), "-C", str(_ROOT)]
    known = subprocess.run(
        [*git, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False, timeout=60
    )
    if known.returncode:
        pytest.skip(f"this copy of the repository does not have the commit {commit}")
    archive = folder / "earlier.tar"
    subprocess.run([*git, "archive", f"--output={archive}", commit, "src"], check=True, timeout=60)
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / "src"
