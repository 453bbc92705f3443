"""The PostgreSQL 15 of the operating system, for as long as the tests run and no longer."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.embedded_postgresql import FAST, ending_with_the_tests
from tests.memory_folder import memory_folder
from tests.programs import require_program

# The user that Debian's packages make; PostgreSQL refuses to run as root.
USER = "postgres"


@contextmanager
def installed_postgresql(settings: Mapping[str, str] = FAST) -> Iterator[str]:
    """The URL of a server of its own, reached through a socket in a temporary folder; skips where there is no server.

    `settings` are added to the defaults in its ``postgresql.conf``.
    """
    initdb, control = require_program("initdb"), require_program("pg_ctl")
    with tempfile.TemporaryDirectory(prefix="ticket-export-", dir=memory_folder(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        run_as_postgres(
            initdb,
            "--pgdata",
            data,
            "--username",
            USER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-locale",
            "--no-sync",
        )
        configuration = {**settings, "listen_addresses": "", "unix_socket_directories": name}
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in configuration.items())
        run_as_postgres(control, "start", "--wait", "--pgdata", data, "--log", folder / "log")
        with ending_with_the_tests(name):
            try:
                yield URL.create("postgresql", USER, database="postgres", query={"host": name}).render_as_string(
                    hide_password=False
                )
            finally:
                run_as_postgres(control, "stop", "--wait", "--mode", "immediate", "--pgdata", data)


def run_as_postgres(*command: str | Path) -> None:
    """Run a program as the user whom PostgreSQL accepts."""
    user = pwd.getpwnam(USER) if os.geteuid() == 0 else None
    # The server keeps what it was given as its output for as long as it runs.
    subprocess.run(
        command,
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=user and user.pw_uid,
        group=user and user.pw_gid,
        extra_groups=[] if user else None,
        timeout=60,
    )
