from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from threading import Event, Thread
from time import monotonic, sleep

import attrs
import pytest

from ticket_export.entrypoints.cli import health as health_module
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.health import Health, health_served
from ticket_export.errors import JobDatabaseError

_PATIENCE = 60.0


def answers() -> None:
    """Answer at once."""


@attrs.define
class Client:
    port: int
    host: str = "127.0.0.1"

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()


@contextmanager
def served(health: Health, host: str = "127.0.0.1") -> Iterator[Client]:
    with health_served(health, host=host, port=0) as port:
        yield Client(port, host)


def a_health(question: Callable[[], None] = answers, *, blocked_after: float = 15.0) -> Health:
    health = Health({"database": answers, "storage": question}, blocked_after=blocked_after)
    health.start()
    return health


def test_worker_whose_parts_answer_is_live_and_ready() -> None:
    with served(a_health()) as client:
        assert [client.get(path) for path in ("/live", "/ready", "/ready?verbose=1")] == [(200, "ok\n")] * 3
        assert client.get("/ready", "HEAD") == (200, "")


def test_other_requests_are_refused() -> None:
    with served(a_health()) as client:
        assert client.get("/") == (404, "ask for /live or /ready\n")
        assert client.get("/live", "POST")[0] == 501


def test_worker_whose_loop_does_not_turn_is_not_live_until_it_turns_again() -> None:
    health = a_health(blocked_after=0.2)
    with served(health) as client:
        sleep(0.3)
        assert client.get("/live") == (503, "the worker's loop has not turned for 0 s\n")
        assert client.get("/ready")[0] == 200
        health.turn()
        assert client.get("/live")[0] == 200


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (JobDatabaseError("the database cannot be reached"), "storage: the database cannot be reached\n"),
        (RuntimeError("password=hunter2"), "storage: it raises RuntimeError\n"),
    ],
)
def test_part_that_fails_is_told_without_secrets(error: Exception, told: str) -> None:
    def fail() -> None:
        raise error

    with served(a_health(fail)) as client:
        assert client.get("/ready") == (503, told)
        assert client.get("/live")[0] == 200


def test_worker_that_starts_or_stops_is_not_ready() -> None:
    health = Health({})
    with served(health) as client:
        assert client.get("/ready") == (503, "the worker starts\n")
        health.start()
        assert client.get("/ready")[0] == 200
        health.stop()
        assert client.get("/ready") == (503, "the worker stops\n")
        health.start()
        assert client.get("/ready")[0] == 503


def test_part_that_hangs_delays_one_response_and_never_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "FRESH", 0.1)
    asked, go_on = Event(), Event()

    def hang() -> None:
        asked.set()
        go_on.wait(_PATIENCE)

    with served(a_health(hang)) as client:
        first: list[tuple[int, str]] = []
        thread = Thread(target=lambda: first.append(client.get("/ready")), daemon=True)
        thread.start()
        assert asked.wait(_PATIENCE)
        began = monotonic()
        assert client.get("/live")[0] == 200
        assert monotonic() - began < 1
        thread.join(_PATIENCE)
        assert first == [(503, "storage: no answer within 2 s\n")]
        # While that call hangs, nothing else is asked.
        asked.clear()
        assert client.get("/ready")[0] == 503
        assert not asked.is_set()
        go_on.set()
        deadline = monotonic() + _PATIENCE
        while client.get("/ready")[0] != 200:
            assert monotonic() < deadline


def test_answers_are_used_again_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []
    with served(a_health(lambda: calls.append(monotonic()))) as client:
        for _ in range(5):
            assert client.get("/ready")[0] == 200
        assert len(calls) < 5
        monkeypatch.setattr(health_module, "FRESH", 0.0)
        before = len(calls)
        client.get("/ready")
        assert len(calls) == before + 1


def test_client_that_says_nothing_keeps_no_other_waiting() -> None:
    with served(a_health()) as client, socket.create_connection((client.host, client.port)):
        assert client.get("/live")[0] == 200


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(_PATIENCE)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_client_that_sends_byte_by_byte_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "REQUEST_LIMIT", 1.0)
    with served(a_health()) as client, socket.create_connection((client.host, client.port)) as connection:

        def trickle() -> None:
            with suppress(OSError):
                while True:
                    connection.sendall(b"G")
                    sleep(0.1)

        Thread(target=trickle, daemon=True).start()
        assert is_closed(connection)


def test_many_clients_hold_few_connections_and_a_probe_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    # So no client is sent away for another reason.
    monkeypatch.setattr(health_module, "REQUEST_LIMIT", inf)
    monkeypatch.setattr(health_module._Handler, "timeout", None)
    with served(a_health(blocked_after=inf)) as client, ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((client.host, client.port)))
            for _ in range(3 * health_module.MOST_CLIENTS)
        ]
        assert client.get("/live")[0] == 200
        assert all(is_closed(each) for each in clients[: health_module.MOST_CLIENTS])


def test_client_that_goes_away_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with served(a_health()) as client:
        for _ in range(5):
            with socket.create_connection((client.host, client.port)) as connection:
                connection.sendall(b"GET /live HTTP/1.0\r\n\r\n")
        assert client.get("/live")[0] == 200
    assert capsys.readouterr().err == ""


def test_port_in_use_is_refused_by_name() -> None:
    with (
        served(a_health()) as client,
        pytest.raises(BadInputError, match=rf"--health-port: cannot listen on 127\.0\.0\.1, port {client.port}: "),
        health_served(a_health(), host="127.0.0.1", port=client.port),
    ):
        pass


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "a" * 100, "é" * 100, "\udc80"])
def test_host_that_does_not_exist_is_refused(host: str) -> None:
    with (
        pytest.raises(BadInputError, match=f"cannot listen on {re.escape(host)}"),
        health_served(a_health(), host=host, port=0),
    ):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_address_of_ipv6_works() -> None:
    try:
        with served(a_health(), "::1") as client:
            assert client.get("/live")[0] == 200
    except BadInputError:
        pytest.skip("this machine has no IPv6")


def test_port_is_free_again_after_the_block() -> None:
    with served(a_health()) as client:
        pass
    with health_served(a_health(), host="127.0.0.1", port=client.port):
        pass
