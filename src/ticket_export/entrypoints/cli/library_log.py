"""The library's log while a command runs: all of it with ``--debug``, its news where a command asks for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ticket_export.entrypoints.cli.output.standard_streams import write_note
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import TicketExportError

_LOG = logging.getLogger("ticket_export")
_AUDIT = "ticket_export.audit"
# Passes the same records as INFO, and differs from every level that a host may set while the command runs.
_OWN_LEVEL = logging.INFO - 1


@contextmanager
def library_log(session: Session) -> Iterator[None]:
    """Keep the library's log off standard error, where a failure is one line.

    A command that works in the background asks for its news, one line each: warnings, and the audit log. Logging that
    a host's container has set up gets the same records as without this.
    """
    shown, onward = _Shown(session), _Onward()
    level, propagate = _LOG.level, _LOG.propagate
    _LOG.addHandler(shown)
    if level == logging.NOTSET:
        _LOG.setLevel(_OWN_LEVEL)
        if propagate:
            _LOG.propagate = False
            _LOG.addHandler(onward)
    try:
        yield
    finally:
        for handler in (shown, onward):
            _LOG.removeHandler(handler)
        _LOG.propagate = propagate
        if _LOG.level == _OWN_LEVEL:
            _LOG.setLevel(level)


class _Shown(logging.Handler):
    """Writes to standard error: everything with ``--debug``, else one line for each warning or audit entry."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._everything = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        if self._session.debug:
            self._everything.handle(record)
        elif self._session.tells_news and (record.levelno >= logging.WARNING or record.name == _AUDIT):
            write_note(_line(record))
        else:
            return
        self._session.told.append((getattr(record, "job_id", None), getattr(record, "export_status", None)))


class _Onward(logging.Handler):
    """Passes records to the handlers that a host has set up for all logs, if its levels allow it."""

    def emit(self, record: logging.LogRecord) -> None:
        root = logging.getLogger()
        level = logging.getLogger(record.name).getEffectiveLevel()
        if root.hasHandlers() and record.levelno >= (root.level if level == _OWN_LEVEL else level):
            root.callHandlers(record)


def _line(record: logging.LogRecord) -> str:
    """Return the record without its traceback, which, unlike the library's own text, may hold secrets."""
    message = record.getMessage()
    if record.levelno < logging.WARNING:
        return message
    return f"{record.levelname.lower()}: {message}{_reason(record, message)}"


def _reason(record: logging.LogRecord, message: str) -> str:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return ""
    reason = str(error) if isinstance(error, TicketExportError) else type(error).__name__
    return "" if reason in message else f" ({reason})"
