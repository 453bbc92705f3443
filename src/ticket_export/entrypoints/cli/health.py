"""Whether a worker is alive and ready, over HTTP (``worker --health-port``)."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from threading import Lock, Thread
from time import monotonic
from typing import Final

from ticket_export.application.run.bounded_calls import BoundedCalls
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.errors import TicketExportError

#: Seconds without a turn of the worker's loop after which the worker counts as blocked.
BLOCKED_AFTER: Final = 15.0
#: Seconds that a response waits for the database, and for the storage.
LIMIT: Final = 2.0
#: Seconds for which an answer of the database or the storage is used again.
FRESH: Final = 2.0
#: Seconds that a request and its response may take together.
REQUEST_LIMIT: Final = 10.0
#: The most connections at a time, so that enough file descriptors stay for the exports.
MOST_CLIENTS: Final = 32
# Seconds between two bytes of a client.
_CLIENT_LIMIT: Final = 5.0


class Health:
    """What a worker tells of itself: `live` and `ready` return what is wrong, a line each; nothing if all is well.

    `questions` ask a part of the setup whether it answers (see `CheckReadiness`).
    """

    def __init__(self, questions: Mapping[str, Callable[[], None]], *, blocked_after: float = BLOCKED_AFTER) -> None:
        self._blocked_after = blocked_after
        self._turned_at = monotonic()
        self._parts = [_Part(name, ask) for name, ask in questions.items()]
        self._has_started = self._is_stopping = False

    def start(self) -> None:
        """Note that the worker takes exports."""
        self._has_started = True

    def stop(self) -> None:
        """Note that the worker takes no more exports. The handler of a signal may call this."""
        self._is_stopping = True

    def turn(self) -> None:
        """Note that the worker's loop has just turned."""
        self._turned_at = monotonic()

    def live(self) -> list[str]:
        """Return that the loop is blocked, if it is. This asks nothing and takes no lock."""
        age = monotonic() - self._turned_at
        return [f"the worker's loop has not turned for {age:.0f} s"] if age >= self._blocked_after else []

    def ready(self) -> list[str]:
        """Ask each part, with a time limit for each; return the problems."""
        found = [f"{part.name}: {problem}" for part in self._parts if (problem := part.problem())]
        if self._is_stopping:
            return ["the worker stops", *found]
        return found if self._has_started else ["the worker starts", *found]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Have the threads that ask, inside the block."""
        with ExitStack() as stack:
            for part in self._parts:
                stack.enter_context(part.calls)
            yield


class _Part:
    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self.name = name
        self.calls = BoundedCalls(f"ticket-export health of the {name}", patience=LIMIT, grace=0)
        self._question = ask
        self._asking = Lock()
        self._found: str | None = None
        self._answered_at = -inf

    def problem(self) -> str | None:
        """Return what is wrong, or None. An answer that is not older than `FRESH` is not asked for again."""
        with self._asking:
            if self._is_old:
                # Nothing if an earlier call has still not returned.
                self.calls.make(self._ask)
            return f"no answer within {LIMIT:g} s" if self._is_old else self._found

    @property
    def _is_old(self) -> bool:
        return monotonic() - self._answered_at >= FRESH

    def _ask(self) -> None:
        try:
            self._question()
        except TicketExportError as error:
            self._found = str(error)
        except Exception as error:  # noqa: BLE001 - a host's own part may raise anything, and its text may hold a secret
            self._found = f"it raises {type(error).__name__}"
        else:
            self._found = None
        self._answered_at = monotonic()


@contextmanager
def health_served(health: Health, *, host: str, port: int) -> Iterator[int]:
    """Inside the block, answer ``GET /live`` and ``GET /ready`` there: 200, or 503 with the problems. Return the port.

    Port 0 is any free port. Each request has its own thread, so no slow answer delays another one. A client that takes
    too long is sent away, and so are the oldest ones where there are too many.

    Raises:
        BadInputError: this process cannot listen there.
    """
    try:
        server = _Server(health, host, port)
    except (OSError, OverflowError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadInputError("--health-port", f"cannot listen on {host}, port {port}: {reason}") from error
    with health.asking(), server:
        Thread(target=server.serve_forever, name="ticket-export health", daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default is 5. A client that finds the queue full tries again after a second or more.
    request_queue_size = 4 * MOST_CLIENTS

    def __init__(self, health: Health, host: str, port: int) -> None:
        self.answers = {"/live": health.live, "/ready": health.ready}
        #: When the request of each open connection began.
        self.open: dict[socket.socket, float] = {}
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for the name of this machine, which `HTTPServer` does and which may take long."""
        socketserver.TCPServer.server_bind(self)

    def service_actions(self) -> None:
        """Send clients away; this is called after each new connection, and several times a second."""
        clients = tuple(self.open.items())
        for place, (connection, began) in enumerate(clients, start=1):
            if place <= len(clients) - MOST_CLIENTS or monotonic() - began > REQUEST_LIMIT:
                # Its thread then reads or writes no more, and closes it.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Do nothing: a client that goes away is not a problem of the worker."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "ticket-export"
    sys_version = ""
    timeout = _CLIENT_LIMIT

    def handle(self) -> None:
        """Let the server know for how long the connection is open."""
        self.server.open[self.connection] = monotonic()
        try:
            super().handle()
        finally:
            del self.server.open[self.connection]

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        answer = self.server.answers.get(path)
        if answer is None:
            self._send(HTTPStatus.NOT_FOUND, ["ask for /live or /ready"])
            return
        problems = answer()
        self._send(HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK, problems or ["ok"])

    do_HEAD = do_GET  # noqa: N815 - the name that its base calls

    def _send(self, status: HTTPStatus, lines: list[str]) -> None:
        body = "".join(f"{line}\n" for line in lines).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: probes come every few seconds."""
