"""OpenSSH's server, which the storage of examples/storage_plugin uses."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from tests.programs import require_program
from tests.stores.served_store import PATIENCE, ServerProcess
from ticket_export.settings import Settings

if TYPE_CHECKING:
    # On the path only while a fixture below uses it.
    from ticket_export_sftp.storage import SftpStorage

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "storage_plugin"
_CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {keys}/host_key
AuthorizedKeysFile {keys}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""
# sshd does not start as root without this folder, which a system makes at its start.
_OF_ROOT = Path("/run/sshd")
_HOME = RLock()


class OpenSshServer(ServerProcess):
    """See `StoreServer`. The current user logs in with a key; the server, its keys and its files are in `folder`."""

    program = "sshd"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder, port)
        self._program = require_program("sshd")
        self.home = folder / "home"
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            _OF_ROOT.mkdir(mode=0o755, exist_ok=True)

    def command(self) -> list[str]:
        """See `ServerProcess.command`."""
        keys = self.folder / "keys"
        if not keys.exists():
            (self.home / ".ssh").mkdir(parents=True, mode=0o700)
            keys.mkdir(mode=0o700)
            for name in ("host_key", "user_key"):
                _make_key(keys / name)
            (self.home / ".ssh" / "id_ed25519").symlink_to(keys / "user_key")
            self.become_known(self.port)
        configuration = self.folder / "sshd_config"
        configuration.write_text(_CONFIGURATION.format(port=self.port, keys=keys), encoding="utf-8")
        return [self._program, "-D", "-e", "-f", str(configuration)]

    def become_known(self, port: int) -> None:
        """Let a process with the home folder `home` know the server at that port, which may be that of a proxy."""
        algorithm, key, *_ = (self.folder / "keys" / "host_key.pub").read_text("ascii").split()
        line = f"[127.0.0.1]:{port} {algorithm} {key}\n"
        known = self.home / ".ssh" / "known_hosts"
        if not known.exists() or line not in known.read_text("ascii"):
            with known.open("a", encoding="ascii") as file:
                file.write(line)

    def stop(self) -> None:
        """See `StoreServer.stop`. The processes of its connections end too, as at the restart of a machine."""
        connections = self._connections()
        super().stop()
        _kill(connections)

    def kill(self) -> None:
        """See `StoreServer.kill`."""
        connections = self._connections()
        super().kill()
        _kill(connections)

    def new_place(self) -> OpenSshPlace:
        """See `StoreServer.new_place`. The folder is made by the first write."""
        folder = self.folder / "served" / f"exports-{uuid4().hex}"
        folder.parent.mkdir(exist_ok=True)
        return OpenSshPlace(self, folder)

    def _connections(self) -> list[int]:
        return [] if self._process is None else _descendants(self._process.pid)


class OpenSshPlace:
    """See `Place`: a folder."""

    def __init__(self, server: OpenSshServer, folder: Path) -> None:
        self.folder = folder
        self._server = server
        self.url = self._url(server.port)

    def environment(self, port: int | None = None) -> dict[str, str]:
        """See `Place.environment`."""
        self._server.become_known(port or self._server.port)
        return {
            "TICKET_EXPORT_STORAGE_URL": self._url(port or self._server.port),
            "HOME": str(self._server.home),
            "PYTHONPATH": os.pathsep.join([*plugin_path(self._server.folder), os.environ.get("PYTHONPATH", "")]),
        }

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> SftpStorage:
        """See `Place.storage`. Its connections have the server's `home`, whatever the home of this process is."""
        with pytest.MonkeyPatch.context() as patch:
            for path in plugin_path(self._server.folder):
                patch.syspath_prepend(path)
            from ticket_export_sftp.storage import Connection, SftpStorage

        home = self._server.home

        class AtHome(SftpStorage):
            @contextmanager
            def connection(self) -> Iterator[Connection]:
                with ExitStack() as stack:
                    with _HOME, pytest.MonkeyPatch.context() as patch:
                        patch.setenv("HOME", str(home))
                        connection = stack.enter_context(super().connection())
                    yield connection

        variables = self.environment(port)
        url = variables["TICKET_EXPORT_STORAGE_URL"]
        seconds = patience.total_seconds()
        return AtHome.from_url(url, Settings(_env_file=None, storage_url=url, storage_patience_seconds=seconds))

    def put(self, key: str, data: bytes) -> None:
        """See `Place.put`."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._file(key).write_bytes(data)

    def get(self, key: str) -> bytes | None:
        """See `Place.get`."""
        return self._file(key).read_bytes() if self._file(key).exists() else None

    def names(self) -> list[str]:
        """See `Place.names`."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def _file(self, key: str) -> Path:
        return self.folder / key.replace("/", "~")

    def _url(self, port: int) -> str:
        return f"sftp://{self._server.user}@127.0.0.1:{port}{self.folder}"


def plugin_path(folder: Path) -> list[str]:
    """Return the folders with which Python finds the example as if it were installed; writes its metadata."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    metadata = folder / "plugin" / f"{name.replace('-', '_')}-{version}.dist-info"
    if not metadata.exists():
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
        groups = project["entry-points"].items()
        lines = [
            line for group, points in groups for line in (f"[{group}]", *(f"{n} = {v}" for n, v in points.items()))
        ]
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return [str(EXAMPLE / "src"), str(metadata.parent)]


def _make_key(path: Path) -> None:
    program = require_program("ssh-keygen")
    subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)


def _descendants(pid: int) -> list[int]:
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return children + [pid for child in children for pid in _descendants(child)]


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshServer]:
    """A server for all tests of this process, in which the example can be imported."""
    with OpenSshServer(tmp_path_factory.mktemp("openssh")) as server, pytest.MonkeyPatch.context() as patch:
        for path in plugin_path(server.folder):
            patch.syspath_prepend(path)
        yield server


@pytest.fixture
def sftp_place(openssh: OpenSshServer, monkeypatch: pytest.MonkeyPatch) -> OpenSshPlace:
    """An empty folder on a server that this process knows."""
    monkeypatch.setenv("HOME", str(openssh.home))
    return openssh.new_place()
