"""A client that hangs up where a test wants, and that takes no answer for whole which is not."""

from __future__ import annotations

import socket
import struct
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import attrs

# Seconds. A read that takes longer is a failure.
_PATIENCE: Final = 60
_BLOCK: Final = 1 << 16
#: The status of an answer that the client did not wait for.
NOT_READ: Final = 0


@attrs.frozen(kw_only=True)
class Hanging:
    """Where a client hangs up: after so many bytes of the body, or before the answer if they are negative.

    With a reset, the server sees an error at once. Without, it sees that the client has closed its end.
    """

    after: int
    with_reset: bool


@attrs.frozen(kw_only=True)
class Answer:
    """One answer, as far as it was read. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def announced(self) -> int:
        """The length that the server announced."""
        return int(self.headers["content-length"])

    @property
    def is_whole(self) -> bool:
        """Whether all announced bytes came."""
        return self.status != NOT_READ and len(self.body) == self.announced

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the whole file, by ``Repr-Digest``."""
        name, _, text = self.headers["repr-digest"].partition("=")
        assert name == "sha-256"
        assert text[0] == text[-1] == ":"
        return b64decode(text[1:-1], validate=True)

    @property
    def start(self) -> int:
        """The number of the first byte that is in the body, by ``Content-Range``."""
        if self.status != 206:
            return 0
        unit, _, rest = self.headers["content-range"].partition(" ")
        first, last, length = (int(number) for number in rest.replace("/", "-").split("-"))
        assert unit == "bytes"
        assert (self.announced, first <= last < length) == (last - first + 1, True)
        return first


def ask(
    url: str,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    hanging: Hanging | None = None,
    window: int | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Answer:
    """Send a request and read the answer, up to its end or to where the client hangs up.

    A small `window`, in bytes, keeps the server from sending much more than the client has read. `meanwhile` is called
    when the answer has begun to come.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    with socket.socket() as connection:
        connection.settimeout(_PATIENCE)
        if window is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.connect((parts.hostname, parts.port or 80))
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        if hanging is not None and hanging.after < 0:
            _hang_up(connection, hanging)
            return Answer(status=NOT_READ)
        answer, left = _head(connection)
        is_empty = method == "HEAD" or answer.status == 304
        body = bytearray(left)
        if meanwhile is not None:
            meanwhile()
        while hanging is None or len(body) < hanging.after:
            block = _received(connection, _BLOCK if hanging is None else min(_BLOCK, hanging.after - len(body)))
            if not block:
                break
            body += block
        if hanging is not None:
            _hang_up(connection, hanging)
    assert "transfer-encoding" not in answer.headers
    assert len(body) <= (0 if is_empty else answer.announced), "the server sent more than it announced"
    return attrs.evolve(answer, body=bytes(body if hanging is None else body[: max(0, hanging.after)]))


def _head(connection: socket.socket) -> tuple[Answer, bytes]:
    received = bytearray()
    while b"\r\n\r\n" not in received:
        block = _received(connection, 1 << 10)
        assert block, "the server hung up before its answer"
        received += block
    head, _, left = bytes(received).partition(b"\r\n\r\n")
    version_and_status, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    assert len({name.lower() for name, _ in pairs}) == len(pairs), "a header came twice"
    return Answer(status=int(version_and_status.split()[1]), headers={name.lower(): text for name, text in pairs}), left


def _received(connection: socket.socket, size: int) -> bytes:
    try:
        return connection.recv(size)
    except ConnectionResetError:
        return b""


def _hang_up(connection: socket.socket, hanging: Hanging) -> None:
    if hanging.with_reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
