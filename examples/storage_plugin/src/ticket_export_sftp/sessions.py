"""Sessions on one SFTP server, whose host key must be known."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import finalize

from paramiko import BadHostKeyException, MissingHostKeyPolicy, PKey, SFTPClient, SSHClient, Transport

from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_IDLE: Final = 4
# Seconds after which an idle connection shows that it is alive, before a firewall forgets it.
_KEEPALIVE: Final = 30
_UNKNOWN: Final = (
    "the host key of the storage's server is not in ~/.ssh/known_hosts of this user; "
    "compare what `ssh-keyscan -p PORT HOST` shows with the server's own key, and add it"
)


class Sessions:
    """Sessions, each on a connection of its own. Idle ones are used again. Threads may share this object.

    `options` are those of ``SSHClient.connect``.
    """

    def __init__(self, options: dict[str, Any], seconds: float) -> None:
        waits = dict.fromkeys(["timeout", "banner_timeout", "auth_timeout", "channel_timeout"], seconds)
        self._options = {**options, **waits}
        self._seconds = seconds
        self._idle: deque[SFTPClient] = deque(maxlen=_MAX_IDLE)

    @contextmanager
    def session(self) -> Iterator[SFTPClient]:
        """Return a session for one operation, or for one file."""
        session = self._idle_one() or self._connect()
        try:
            with ending(session.get_channel().get_transport):
                yield session
        finally:
            self._idle.append(session)

    def _idle_one(self) -> SFTPClient | None:
        with suppress(IndexError):
            while session := self._idle.pop():
                # Only a request shows whether the connection has ended meanwhile.
                with suppress(Exception):
                    session.stat(".")
                    return session
        return None

    def _connect(self) -> SFTPClient:
        client = SSHClient()
        client.load_system_host_keys()
        client.set_missing_host_key_policy(_Refuse())
        with ending(client.get_transport):
            try:
                client.connect(**self._options)
            except BadHostKeyException as error:
                raise ConfigurationError(_UNKNOWN) from error
            session = client.open_sftp()
        session.get_channel().settimeout(self._seconds)
        session.get_channel().get_transport().set_keepalive(_KEEPALIVE)
        # A session that nobody uses any more. At its end, the process closes its connections anyway.
        finalize(session, client.close).atexit = False
        return session


@contextmanager
def ending(transport: Callable[[], Transport | None]) -> Iterator[None]:
    """End the connection after an error, which is a `ConnectionError` if the connection had ended before."""
    try:
        yield
    except FileNotFoundError:
        raise  # an answer of the server
    except BaseException as error:
        connection = transport()
        was_active = connection is None or connection.is_active()
        if connection is not None:
            connection.close()
        if not was_active and isinstance(error, Exception):
            # paramiko has many errors for it, such as one that says that the password was wrong.
            raise ConnectionAbortedError from error
        raise


class _Refuse(MissingHostKeyPolicy):
    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
        raise ConfigurationError(_UNKNOWN)
