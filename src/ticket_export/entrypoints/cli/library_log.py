"""What the library logs while a command runs: shown with ``--debug``; its news, where a command asks for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_export.entrypoints.cli.output import write_note
from ticket_export.errors import TicketExportError

if TYPE_CHECKING:
    from ticket_export.entrypoints.cli.session import Session

_LOG = logging.getLogger("ticket_export")
_AUDIT = "ticket_export.audit"
# Lets through what INFO does, and can be told from a level that a host sets while the command runs.
_OWN_LEVEL = logging.INFO - 1


@contextmanager
def library_log(session: Session) -> Iterator[None]:
    """Keep the library's log off standard error, where a failure is told in one line already.

    A command that does background work asks for its news, a line each: warnings, and the audit log. A host's
    container may have set up logging of its own, which gets what it would have got without this.
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
    """To standard error: everything with ``--debug``, else a line for each piece of news."""

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
        self._session.told.append(record.getMessage())


class _Onward(logging.Handler):
    """To the handlers that a host has set up for all logs, if its levels let the record through."""

    def emit(self, record: logging.LogRecord) -> None:
        root = logging.getLogger()
        level = logging.getLogger(record.name).getEffectiveLevel()
        if root.hasHandlers() and record.levelno >= (root.level if level == _OWN_LEVEL else level):
            root.callHandlers(record)


def _line(record: logging.LogRecord) -> str:
    """A traceback is left out: unlike the library's own words, it may hold anything."""
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
