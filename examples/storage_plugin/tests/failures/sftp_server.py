"""An SFTP server in this process, on 127.0.0.1, that serves a folder and fails where a test wants it."""

from __future__ import annotations

import errno
import os
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_OK

from ticket_export import Settings
from ticket_export_sftp.storage import SftpStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

T = TypeVar("T")

USER, PASSWORD = "exports", "correct horse"


class SftpServer:
    """Serves `folder` as ``/``. The `fault` happens at the request number `fail_at`.

    With `loses_the_end`, the last byte of a file is lost when it is closed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = paramiko.ECDSAKey.generate()
        self.logins: list[str] = []
        self.loses_the_end = False
        self.requests = 0
        self.fail_at = 0
        self.fault: Callable[[SftpServer, Callable[[], object]], None] = cut_before
        self._lock = threading.Lock()
        self._connections: list[paramiko.Transport] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def become_known(self, known_hosts: Path) -> None:
        """Add the host key to the file."""
        known_hosts.parent.mkdir(exist_ok=True)
        with known_hosts.open("a", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n")

    @property
    def url(self) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}/exports"

    def storage(self) -> SftpStorage:
        """Return a storage on this server, opened as the library does it."""
        return SftpStorage.from_url(self.url, Settings(storage_url=self.url))

    def cut(self) -> None:
        """End all connections; new ones can be made."""
        ended, self._connections = self._connections, []
        for connection in ended:
            connection.close()

    @property
    def connections(self) -> int:
        """Return how many are open."""
        return sum(connection.is_active() for connection in self._connections)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(60)
        self.cut()

    def answer(self, action: Callable[[], T]) -> T | int:
        """Return the result of the action, or the number of an error."""
        with self._lock:
            self.requests += 1
            is_hit = self.requests == self.fail_at
        try:
            if is_hit:
                self.fault(self, action)
            return action()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or errno.EIO)

    def _serve(self) -> None:
        with suppress(OSError):  # until it is closed
            while True:
                accepted, _ = self._socket.accept()
                # An answer of paramiko is several small packets, and each would wait for the one before.
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = paramiko.Transport(accepted)
                self._connections.append(connection)
                connection.add_server_key(self.key)
                connection.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
                with suppress(paramiko.SSHException, EOFError, OSError):
                    connection.start_server(server=Login(self))


def cut_before(server: SftpServer, action: Callable[[], object]) -> None:
    """The connection ends before the action."""
    server.cut()
    raise ConnectionError


def cut_after(server: SftpServer, action: Callable[[], object]) -> None:
    """The connection ends after the action, so that its answer is lost."""
    action()
    cut_before(server, action)


def full(server: SftpServer, action: Callable[[], object]) -> None:
    """The disk is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def denied(server: SftpServer, action: Callable[[], object]) -> None:
    """The user has lost the rights."""
    raise PermissionError(errno.EACCES, "Permission denied")


@contextmanager
def serving(folder: Path, known_hosts: Path) -> Iterator[SftpServer]:
    server = SftpServer(folder)
    try:
        server.become_known(known_hosts)
        yield server
    finally:
        server.close()


class Login(paramiko.ServerInterface):
    def __init__(self, server: SftpServer) -> None:
        self.server = server

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.logins.append(password)
        return AUTH_SUCCESSFUL if (username, password) == (USER, PASSWORD) else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.server.logins.append(key.fingerprint)
        return AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class Files(paramiko.SFTPServerInterface):
    def __init__(self, login: Login) -> None:
        self._server = login.server

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        return self._server.answer(lambda: OpenFile(self._server, os.open(self._at(path), flags, 0o666), flags))

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        return self._server.answer(
            lambda: [paramiko.SFTPAttributes.from_stat(each.lstat(), each.name) for each in self._at(path).iterdir()]
        )

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._server.answer(lambda: paramiko.SFTPAttributes.from_stat(self._at(path).lstat()))

    def remove(self, path: str) -> int:
        return self._done(lambda: self._at(path).unlink())

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._at(oldpath).replace(self._at(newpath)))

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return self._done(lambda: self._at(path).mkdir(attr.st_mode or 0o777))

    def _done(self, action: Callable[[], object]) -> int:
        return done(self._server, action)

    def _at(self, path: str) -> Path:
        return Path(f"{self._server.folder}{path}")


class OpenFile(paramiko.SFTPHandle):
    def __init__(self, server: SftpServer, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._server = server
        self._descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes | int:
        return self._server.answer(lambda: os.pread(self._descriptor, length, offset))

    def write(self, offset: int, data: Buffer) -> int:
        return done(self._server, lambda: os.pwrite(self._descriptor, data, offset))

    def stat(self) -> paramiko.SFTPAttributes | int:
        return self._server.answer(lambda: paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor)))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        return done(self._server, lambda: os.fchmod(self._descriptor, attr.st_mode or 0))

    def close(self) -> None:
        if self._server.loses_the_end:
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - 1)
        os.close(self._descriptor)


def done(server: SftpServer, action: Callable[[], object]) -> int:
    """Return the answer to a request that has no other result."""

    def act() -> int:
        action()
        return SFTP_OK

    return server.answer(act)
