"""A storage on an SFTP server."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from stat import S_ISREG
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paramiko import AuthenticationException, SSHException
from paramiko.ssh_exception import NoValidConnectionsError
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ticket_export.storage import USER_AT_SERVER, RenamingStorage, StoredFile, StoreLocation
from ticket_export_sftp.sessions import Sessions
from ticket_export_sftp.stream import SftpStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ticket_export import Settings


class SftpSettings(BaseSettings):
    """``TICKET_EXPORT_SFTP_PASSWORD``. Without it, the keys in ``~/.ssh`` and those of the SSH agent are tried."""

    model_config = SettingsConfigDict(env_prefix="TICKET_EXPORT_SFTP_", env_file=".env", extra="ignore")

    password: SecretStr = SecretStr("")


class SftpStorage(RenamingStorage[Sessions]):
    """The files in one folder of an SFTP server, for their owner only."""

    provider = "sftp"
    missing = (FileNotFoundError,)
    refused = (PermissionError, AuthenticationException)
    trouble = (ConnectionError, NoValidConnectionsError, TimeoutError, EOFError, SSHException)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> SftpStorage:
        """Return the storage at ``sftp://user@host:port/folder``; connects at the first use."""
        location = StoreLocation.parse(url, usage="sftp://user@host:port/folder", store=USER_AT_SERVER, options=())
        parts, password = urlsplit(url), SftpSettings().password.get_secret_value()
        server = {"hostname": parts.hostname, "port": parts.port or 22, "username": parts.username}
        # A server counts each key that is tried as a failed login.
        login = {"password": password, "look_for_keys": not password, "allow_agent": not password}
        patience = settings.storage_patience
        return cls(location, partial(Sessions, {**server, **login}, patience.total_seconds() / 4), patience=patience)

    def uri(self, name: str) -> str:
        """Return the path of the file on the server."""
        return f"/{self.location.prefix}{name}"

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> SftpStream:
        """Open the file in a session of its own, which ends with it."""
        with ExitStack() as stack:
            session = stack.enter_context(self.client.session())
            file = stack.enter_context(session.open(self.uri(name), mode))
            if content_type is not None:
                file.chmod(0o600)
            return SftpStream(file, stack.pop_all().close)

    def make_folder(self) -> None:
        with suppress(OSError), self.client.session() as session:
            session.mkdir(self.uri(""), 0o700)

    def names(self, prefix: str) -> Iterable[str]:
        with self.client.session() as session:
            entries = session.listdir_attr(self.uri(""))
        files = [entry.filename for entry in entries if S_ISREG(entry.st_mode or 0)]
        return sorted(name for name in files if name.startswith(prefix))

    def stat(self, name: str) -> StoredFile:
        with self.client.session() as session:
            found = session.lstat(self.uri(name))
        return StoredFile(found.st_size or 0, datetime.fromtimestamp(found.st_mtime or 0, UTC))

    def rename(self, name: str, new_name: str) -> None:
        with self.client.session() as session:
            # An extension of OpenSSH: SFTP's own renaming refuses a name that exists.
            session.posix_rename(self.uri(name), self.uri(new_name))

    def remove(self, name: str) -> None:
        with self.client.session() as session:
            session.remove(self.uri(name))
