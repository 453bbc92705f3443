"""``ticket-export worker`` in a process that may have little open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticket_export.settings import Settings


@contextmanager
def limited_worker(settings: Settings, log: Path, *, open_files: int) -> Iterator[subprocess.Popen[bytes]]:
    """Like ``ulimit -n`` before it is started, so that its imports are limited too; killed at the end of the block."""
    # By a shell: Python's `preexec_fn` runs code in a fork of this process, whose other threads may hold locks.
    limit = ["sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh"]
    with (
        log.open("ab") as file,
        subprocess.Popen(
            [*limit, sys.executable, "-m", "ticket_export.entrypoints.cli", "worker"],
            env=settings.environment(),
            cwd=log.parent,
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
