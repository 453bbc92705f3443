"""``ticket-export worker`` in a process that may have little open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticket_export.settings import Settings

_PREFIX = "TICKET_EXPORT_"


@contextmanager
def limited_worker(settings: Settings, log: Path, *, open_files: int) -> Iterator[subprocess.Popen[bytes]]:
    """Like ``ulimit -n`` before it is started, so that its imports are limited too; killed at the end of the block."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    own = {_PREFIX + name.upper(): str(value) for name, value in settings if value not in {None, ()}}
    # By a shell: Python's `preexec_fn` runs code in a fork of this process, whose other threads may hold locks.
    limit = ["sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh"]
    with (
        log.open("ab") as file,
        subprocess.Popen(
            [*limit, sys.executable, "-m", "ticket_export.entrypoints.cli", "worker"],
            env={**others, **own},
            cwd=log.parent,
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
