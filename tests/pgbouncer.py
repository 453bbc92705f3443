"""A PgBouncer in transaction mode in front of a PostgreSQL, for as long as a test runs."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import make_url

from tests.programs import require_program

_CONFIGURATION = """
[databases]
* = {server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
server_round_robin = 1
"""
# Seconds; only a failing test waits for so long.
_PATIENCE = 60


@contextmanager
def pgbouncer(database_url: str, *, pool_size: int = 4) -> Iterator[str]:
    """The URL of the database by way of a pooler that has `pool_size` connections, and takes them in turns."""
    program = require_program("pgbouncer")
    url = make_url(database_url)
    host = url.query.get("host", url.host)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        # It does not run as root; as the server's own user it can reach the server's socket. It reads its configuration
        # before it changes.
        as_user = [f"--user={_owner_of(str(host))}"] if os.geteuid() == 0 else []
        configuration = Path(folder, "pgbouncer.ini")
        server = f"host={host} port={url.query.get('port', url.port or 5432)}"
        configuration.write_text(
            _CONFIGURATION.format(server=server, user=url.username, port=port, pool_size=pool_size), "utf-8"
        )
        with subprocess.Popen(
            [program, "--quiet", *as_user, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                _wait_for(port, process)
                query = {name: value for name, value in url.query.items() if name not in {"host", "port"}}
                way = url.set(host="127.0.0.1", port=port, query=query)
                yield way.render_as_string(hide_password=False)
            finally:
                process.terminate()


def _owner_of(host: str) -> str:
    return Path(host).owner() if host.startswith("/") else "nobody"


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, process.stderr.read() if process.stderr else None
            assert monotonic() < deadline, "PgBouncer does not start"
            sleep(0.02)
        else:
            return
