"""Serves the help desk to this machine alone."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.demo_desk.app import create_app
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.output.standard_streams import write_line
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals

_ADDRESS: Final = "127.0.0.1"
# How many ports are tried, from the first one upwards.
_PORTS: Final = 20
_LAST_PORT: Final = 65_535
# Seconds that the end waits for the server's thread.
_GRACE: Final = 5.0


def serve_desk(container: TicketExportContainer, port: int) -> None:
    """Serve the help desk of `container` and run its exports, until SIGTERM or Ctrl-C. `port` is as for `served`."""
    stop = StopSignal()
    with stop_on_signals(stop), served(create_app(container), port) as found:
        moved = f" (port {port} is in use)" if port and found != port else ""
        write_line(f"\nThe help desk is at http://{_ADDRESS}:{found}/{moved}\nStop it with Ctrl-C.")
        # In this thread, since only the main thread receives signals.
        container.worker().run(stop=stop)


@contextmanager
def served(app: Flask, port: int) -> Iterator[int]:
    """Inside the block, serve `app` at 127.0.0.1, and yield the port: `port`, or the next free one; 0 is any free one.

    Raises:
        BadInputError: this process cannot listen there.
    """
    with _listener(port) as listener:
        server = make_server(_ADDRESS, 0, app, threaded=True, request_handler=_Handler, fd=listener.fileno())
    # Python then waits for no thread that still talks to a browser.
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.1,), name="ticket-export demo", daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join(_GRACE)


def _listener(port: int) -> socket.socket:
    candidates = range(port, min(port + _PORTS, _LAST_PORT + 1)) if port else (0,)
    try:
        for each in candidates:
            try:
                return socket.create_server((_ADDRESS, each))
            except OSError as error:
                if error.errno != errno.EADDRINUSE or each == candidates[-1]:
                    raise
    except OSError as error:
        raise BadInputError("--port", f"cannot listen on {_ADDRESS}, port {port}: {error.strerror}") from error
    raise AssertionError("a range of ports is never empty")


class _Handler(WSGIRequestHandler):
    """Answers one browser, with a limit for each of its pauses."""

    timeout = 30

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: the audit log shows what matters."""
