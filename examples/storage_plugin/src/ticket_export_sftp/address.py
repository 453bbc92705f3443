"""Where the files are, who logs in there, and whether that server is the right one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import attrs
from paramiko import HostKeys
from paramiko.hostkeys import InvalidHostKey
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ticket_export import ConfigurationError

_SSH_PORT = 22


class SftpSettings(BaseSettings):
    """``TICKET_EXPORT_SFTP_PASSWORD``, or that in ``.env``; without it, the keys in ``~/.ssh`` and the agent's."""

    model_config = SettingsConfigDict(env_prefix="TICKET_EXPORT_SFTP_", env_file=".env", extra="ignore")

    password: SecretStr | None = None


@attrs.frozen
class SftpAddress:
    """A folder on a server; `root` is an absolute path without a slash at its end."""

    host: str
    port: int
    user: str
    root: str
    password: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> SftpAddress:
        """The address ``sftp://user@host:port/absolute/path``, percent-encoded where RFC 3986 asks for it.

        Raises:
            ConfigurationError: the URL is none; its text repeats nothing of it, since a password may be anywhere.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _SSH_PORT
        except ValueError:
            raise _no_address() from None
        if parts.password is not None:
            raise ConfigurationError("the storage URL holds a password; set TICKET_EXPORT_SFTP_PASSWORD instead")
        user, root = unquote(parts.username or ""), unquote(parts.path).rstrip("/")
        names = root.split("/")[1:]
        if not (parts.hostname and user and names) or {"", ".", ".."} & {*names} or parts.query or parts.fragment:
            raise _no_address()
        if not f"{user}{root}".isprintable():
            raise _no_address()
        password = SftpSettings().password
        return cls(parts.hostname, port, user, root, password.get_secret_value() if password else None)

    @property
    def place(self) -> str:
        """The URL of the folder, without the password."""
        return f"sftp://{quote(self.user, safe='')}@{self.host.lower()}:{self.port}{quote(self.root)}"

    def require_known_host(self) -> None:
        """Refuse a server that nobody has vouched for: smart-open would trust it, and give it the password.

        Raises:
            ConfigurationError: ``~/.ssh/known_hosts`` has no key of it.
        """
        name = self.host if self.port == _SSH_PORT else f"[{self.host}]:{self.port}"
        known = Path.home() / ".ssh" / "known_hosts"
        try:
            is_known = known.is_file() and HostKeys(str(known)).lookup(name) is not None
        except (OSError, ValueError, InvalidHostKey) as error:
            raise ConfigurationError("~/.ssh/known_hosts of this user cannot be read") from error
        if not is_known:
            raise ConfigurationError(
                "the server of the storage is in no ~/.ssh/known_hosts of this user; "
                "add what `ssh-keyscan -p PORT HOST` shows, once you have compared it with the server's own"
            )


def _no_address() -> ConfigurationError:
    return ConfigurationError("the storage URL is no SFTP storage; use sftp://user@host:port/absolute/path")
