"""The two ways to the server: paramiko's for names, smart-open's for bytes."""

from __future__ import annotations

from contextlib import contextmanager
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from paramiko import ChannelException, SSHClient, SSHException
from smart_open import ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paramiko import SFTPClient, SFTPFile, Transport

    from ticket_export_sftp.address import SftpAddress

# Seconds without an answer after which it is as good as gone.
_CONNECT: Final = 15
_ANSWER: Final = 60
# Seconds after which an idle connection shows that it is alive, before a firewall forgets it.
_KEEPALIVE: Final = 30
# smart-open keeps its connections in a dict of its module, which two threads may not fill at once.
_smart_open = Lock()


class SftpConnection:
    """Sessions on one connection, for any thread: a connection may be shared, a session may not."""

    def __init__(self, address: SftpAddress) -> None:
        self._address = address
        self._client = SSHClient()
        self._lock = Lock()

    @contextmanager
    def session(self) -> Iterator[SFTPClient]:
        """A session for one operation of one thread."""
        session = self._open_session()
        try:
            yield session
        finally:
            session.close()

    def open(self, path: str, mode: str) -> SFTPFile:
        """A file in a session of its own; `close_file` ends both."""
        address = self._address
        address.require_known_host()
        with _smart_open:
            file = ssh.open(
                path,
                mode,
                host=address.host,
                port=address.port,
                user=address.user,
                # Not None, and the password below: else ~/.ssh/config is asked, which may name another host.
                password="",
                connect_kwargs=self._options(),
            )
        file.settimeout(_ANSWER)
        _tune(file.sftp.sock.get_transport())
        return file

    def _open_session(self) -> SFTPClient:
        transport = self._transport()
        try:
            session = transport.open_sftp_client()
        except ChannelException:
            raise  # the server has as many as it takes
        except (SSHException, EOFError):
            # It ended while nobody looked, and does not say so yet.
            transport.close()
            session = self._transport().open_sftp_client()
        assert session is not None
        session.sock.settimeout(_ANSWER)
        return session

    def _transport(self) -> Transport:
        with self._lock:
            transport = self._client.get_transport()
            if transport is None or not transport.is_active():
                self._client.close()
                self._address.require_known_host()
                # Such a client takes no unknown host key; it reads the known ones anew.
                self._client = SSHClient()
                self._client.load_system_host_keys()
                address = self._address
                self._client.connect(address.host, address.port, address.user, **self._options())
                transport = self._client.get_transport()
                assert transport is not None
                _tune(transport)
            return transport

    def _options(self) -> dict[str, Any]:
        password = self._address.password
        return {
            "password": password,
            # A server counts every key it is offered as a failed login.
            "look_for_keys": password is None,
            "allow_agent": password is None,
            "timeout": _CONNECT,
            "banner_timeout": _CONNECT,
            "auth_timeout": _CONNECT,
            "channel_timeout": _CONNECT,
        }


def _tune(transport: Transport) -> None:
    transport.set_keepalive(_KEEPALIVE)
    if isinstance(transport.sock, socket):
        # A request is small, and would wait until what was sent before is acknowledged.
        transport.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)


def close_file(file: SFTPFile) -> None:
    """Close a file of `SftpConnection.open`, and its session, of which a server gives few."""
    try:
        file.close()
    finally:
        file.sftp.close()
