from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from time import monotonic

import pytest
from benchmarks.storage.latency_proxy import LatencyProxy

_LATENCY = 0.1
_ANSWER = b"x" * 8_000_000


@pytest.fixture
def server_port() -> Iterator[int]:
    """A server that answers each byte it gets with `_ANSWER`, and closes when its client does."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while connection.recv(1):
                    connection.sendall(_ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _received(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (more := connection.recv(length - len(data))):
        data += more
    return data


def test_a_connection_and_each_answer_take_one_latency_more_and_every_byte_arrives(server_port: int) -> None:
    with LatencyProxy(_LATENCY) as proxy:
        proxy.forward_to(server_port)
        began = monotonic()
        with closing(socket.create_connection(("127.0.0.1", proxy.port), 60)) as connection:
            for answers in (1, 2, 3):
                connection.sendall(b"?")
                assert _received(connection, len(_ANSWER)) == _ANSWER
                # The connection has taken one.
                assert monotonic() - began >= (1 + answers) * _LATENCY
            connection.shutdown(socket.SHUT_WR)
            assert _received(connection, 1) == b""
    assert proxy.sent == 3


def test_what_is_under_way_at_the_same_time_waits_together(server_port: int) -> None:
    with LatencyProxy(1.0) as proxy:
        proxy.forward_to(server_port)
        began = monotonic()
        with closing(socket.create_connection(("127.0.0.1", proxy.port), 60)) as connection:
            connection.sendall(b"?" * 4)
            assert _received(connection, 4 * len(_ANSWER)) == _ANSWER * 4
    # 122 pieces of at most 256 KiB, each of which would otherwise take a second.
    assert 2.0 <= monotonic() - began < 60


def test_an_ended_proxy_accepts_no_connection(server_port: int) -> None:
    with LatencyProxy(0) as proxy:
        proxy.forward_to(server_port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), 60)
