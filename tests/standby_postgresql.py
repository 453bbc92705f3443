"""A PostgreSQL server and its hot standby, for as long as a test runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.embedded_postgresql import ending_with_the_tests
from tests.installed_postgresql import USER, installed_postgresql, run_as_postgres
from tests.memory_folder import memory_folder
from tests.programs import require_program


@contextmanager
def replicated_postgresql(*, delay: float) -> Iterator[tuple[str, str]]:
    """The URLs of a primary and of its standby, which replays everything `delay` seconds late."""
    copy, control = require_program("pg_basebackup"), require_program("pg_ctl")
    with (
        installed_postgresql() as primary,
        tempfile.TemporaryDirectory(prefix="ticket-export-", dir=memory_folder()) as name,
    ):
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        url = make_url(primary)
        host = str(url.query["host"])
        run_as_postgres(
            copy, "--pgdata", data, "--host", host, "--username", USER, "--write-recovery-conf", "--checkpoint=fast"
        )
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{name}'\nrecovery_min_apply_delay = '{delay:g}s'\n")
        run_as_postgres(control, "start", "--wait", "--pgdata", data, "--log", folder / "log")
        with ending_with_the_tests(name):
            try:
                standby = url.set(query={"host": name}).render_as_string(hide_password=False)
                yield primary, standby
            finally:
                run_as_postgres(control, "stop", "--wait", "--mode", "immediate", "--pgdata", data)
