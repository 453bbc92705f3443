"""A storage on an SFTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from urllib.parse import SplitResult, urlsplit

import paramiko
from pydantic_settings import BaseSettings

from ticket_export import ConfigurationError, Settings
from ticket_export.storage import USER_AT_SERVER, RenamingStorage, StoredFile, StoreLocation


class SftpSettings(BaseSettings, env_prefix="TICKET_EXPORT_SFTP_", env_file=".env", extra="ignore"):
    """``TICKET_EXPORT_SFTP_PASSWORD``. Without it, the keys in ``~/.ssh`` and those of the SSH agent are tried."""

    password: str = ""


class Connection(paramiko.SSHClient, paramiko.MissingHostKeyPolicy):
    """A connection with one session, for one thread at a time. A ``with`` block closes it after an error."""

    def __init__(self, server: SplitResult, password: str, wait: float) -> None:
        """Log in; every step takes `wait` seconds at most."""
        super().__init__()
        self.load_system_host_keys()
        self.set_missing_host_key_policy(self)
        log_in = partial(self.connect, str(server.hostname), server.port or 22, server.username, password, timeout=wait)
        with self:
            # A server counts each key that is tried as a failed login.
            log_in(auth_timeout=wait, channel_timeout=wait, allow_agent=not password, look_for_keys=not password)
            self.sftp = self.open_sftp()
        self.sftp.sock.settimeout(wait)
        self.sftp.sock.get_transport().set_keepalive(30)  # before a firewall forgets it

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Refuse an unknown server before it gets the password."""
        raise ConfigurationError("the server of the storage is not known: add its key to ~/.ssh/known_hosts")

    def __exit__(self, error_type: object, error: object, traceback: object) -> None:
        """Raise `ConnectionError` if the connection had ended before: paramiko has many errors for it."""
        if error is not None:
            had_ended = (transport := self.get_transport()) is None or not transport.is_active()
            self.close()
            if isinstance(error, paramiko.BadHostKeyException):
                raise ConfigurationError("the server of the storage has another key than the known one") from error
            if had_ended and isinstance(error, Exception):
                raise ConnectionAbortedError from error


class SftpStream:
    """The bytes of one file."""

    def __init__(self, connection: Connection, file: paramiko.SFTPFile, close: Callable[[], object]) -> None:
        self._connection, self._file, self.close = connection, file, close
        self.seek, self.seekable = file.seek, file.seekable

    def read(self, size: int) -> bytes:
        """See `io.RawIOBase.read`."""
        with self._connection:
            return self._file.read(size)

    def write(self, data: memoryview) -> None:
        """Append `data`. Many requests are sent before their answers are waited for.

        paramiko never looks at the last answers of a pipelined file, and one may say that the disk is full. The last
        byte waits for all of them.
        """
        with self._connection:
            self._file.set_pipelined(True)
            self._file.write(data[:-1])
            self._file.set_pipelined(False)
            self._file.write(data[-1:])


class SftpStorage(RenamingStorage[list[Connection]]):
    """The files in one folder of an SFTP server, for their owner only. Its client is a list of idle connections."""

    provider = "sftp"
    missing = (FileNotFoundError,)
    refused = (PermissionError, paramiko.AuthenticationException)
    trouble = (ConnectionError, TimeoutError, EOFError, paramiko.SSHException)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> SftpStorage:
        """Return the storage at ``sftp://user@host:port/folder``; connects at the first use."""
        location = StoreLocation.parse(url, usage="sftp://user@host:port/folder", store=USER_AT_SERVER, options={})
        return cls(location, list, patience=settings.storage_patience)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Return a connection for one operation, or for one file."""
        try:
            while (connection := self.client.pop()).sftp.sock.closed:
                pass  # it has ended
        except IndexError:
            connection = Connection(urlsplit(self.place), SftpSettings().password, self.patience.total_seconds())
        with connection:
            yield connection
        self.client.append(connection)

    def uri(self, name: str) -> str:
        """Return the path of the file on the server."""
        return f"/{self.location.prefix}{name}"

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> SftpStream:
        """Open the file on a connection that is its own until it is closed."""
        with ExitStack() as stack:
            connection = stack.enter_context(self.connection())
            file = stack.enter_context(connection.sftp.open(self.uri(name), mode))
            if mode == "wb":
                file.chmod(0o600)
            return SftpStream(connection, file, stack.pop_all().close)

    def make_folder(self) -> None:
        with suppress(OSError), self.connection() as connection:
            connection.sftp.mkdir(self.uri(""), 0o700)

    def stat(self, name: str) -> StoredFile:
        with self.connection() as connection:
            found = connection.sftp.lstat(self.uri(name))
        return StoredFile(found.st_size or 0, datetime.fromtimestamp(found.st_mtime or 0, UTC))

    def names(self, prefix: str) -> Iterable[str]:
        with self.connection() as connection:
            return sorted(name for name in connection.sftp.listdir(self.uri("")) if name.startswith(prefix))

    def rename(self, name: str, new_name: str) -> None:
        with self.connection() as connection:
            connection.sftp.posix_rename(self.uri(name), self.uri(new_name))  # OpenSSH's, which replaces

    def remove(self, name: str) -> None:
        with self.connection() as connection:
            connection.sftp.remove(self.uri(name))
