"""The library's log while a command runs: all of it with ``--debug``, its news where a command asks for them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from typing import cast

from ticket_export.entrypoints.cli.output.json_lines import json_stderr
from ticket_export.entrypoints.cli.output.standard_streams import write_note
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import TicketExportError

_LOG = logging.getLogger("ticket_export")
_AUDIT_LOG = logging.getLogger("ticket_export.audit")
# Passes the same records as INFO, and differs from every level that a host may set while the command runs.
_OWN_LEVEL = logging.INFO - 1
# Means False, and differs from the False that a host may set while the command runs.
_NOT_NOW = cast("bool", 0)
_STANDARD = (1, 2)
_MAILS = frozenset({"AdminEmailHandler", "SMTPHandler"})


@contextmanager
def library_log(session: Session) -> Iterator[None]:
    """Keep the library's log off standard error, where a failure is one line.

    A command that works in the background asks for its news, one line each: warnings, and the audit log. Logging that
    a host's container has set up gets the same records as without this. A record that it writes to standard error or
    standard output is not written again.
    """
    log = _LibraryLog(session)
    log.attach()
    session.on_container = log.meet_host
    try:
        yield
    finally:
        log.detach()


class _LibraryLog:
    def __init__(self, session: Session) -> None:
        self._onward = _Onward()
        self._shown = _Shown(session, self._onward)
        self._formatters = ExitStack()

    def attach(self) -> None:
        for logger in (_LOG, _AUDIT_LOG):
            # A host may keep the audit log apart.
            if logger is _LOG or not logger.propagate:
                logger.addHandler(self._shown)
        if _LOG.level == logging.NOTSET:
            _LOG.setLevel(_OWN_LEVEL)
            if _LOG.propagate:
                _LOG.propagate = _NOT_NOW
                _LOG.addHandler(self._onward)

    def detach(self) -> None:
        self._formatters.close()
        _AUDIT_LOG.removeHandler(self._shown)
        for handler in (self._shown, self._onward):
            _LOG.removeHandler(handler)
        if _LOG.propagate is _NOT_NOW:
            _LOG.propagate = True
        if _LOG.level == _OWN_LEVEL:
            _LOG.setLevel(logging.NOTSET)

    def meet_host(self) -> None:
        """Take note of what the module of a host's container has set up, just now or before."""
        # `dictConfig` removes the handlers of every logger that it names.
        self.detach()
        self.attach()
        if (lines := json_stderr()) is None:
            return
        for handler in filter(_is_on_console, chain.from_iterable(map(_reached, _all_handlers()))):
            self._formatters.callback(handler.setFormatter, handler.formatter)
            handler.setFormatter(lines.formatter)


class _Shown(logging.Handler):
    """Writes to standard error: everything with ``--debug``, else one line for each warning or audit entry."""

    def __init__(self, session: Session, onward: _Onward) -> None:
        super().__init__()
        self._session = session
        self._onward = onward
        self._everything = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._show(record)
        except Exception:  # noqa: BLE001 - a handler must not disturb what logs
            # It writes to standard error, which may be closed.
            with suppress(Exception):
                self.handleError(record)

    def _show(self, record: logging.LogRecord) -> None:
        if not self._is_shown_by_host(record):
            if not (self._is_news(record) or self._session.debug):
                return
            if (lines := json_stderr()) is not None:
                lines.write_record(record)
            elif self._session.debug:
                with suppress(ValueError):
                    self._everything.handle(record)
            else:
                write_note(_line(record))
        self._session.told.append((getattr(record, "job_id", None), getattr(record, "export_status", None)))

    def _is_news(self, record: logging.LogRecord) -> bool:
        if not self._session.tells_news or record.name in self._session.reported:
            return False
        is_audit = record.name == _AUDIT_LOG.name and not self._session.is_quiet
        return is_audit or record.levelno >= logging.WARNING

    def _is_shown_by_host(self, record: logging.LogRecord) -> bool:
        shows = _keeps if self._session.trusts_every_log else _is_on_console
        return any(
            record.levelno >= each.level and each.filter(record)
            for each in self._handlers_of(record)
            if any(map(shows, _reached(each)))
        )

    def _handlers_of(self, record: logging.LogRecord) -> Iterator[logging.Handler]:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            yield from logger.handlers
            if self._onward in logger.handlers and self._onward.takes(record):
                yield from logging.getLogger().handlers
            logger = logger.parent if logger.propagate else None


class _Onward(logging.Handler):
    """Passes records to the handlers that a host has set up for all logs, if its levels allow it."""

    def emit(self, record: logging.LogRecord) -> None:
        if self.takes(record):
            logging.getLogger().callHandlers(record)

    def takes(self, record: logging.LogRecord) -> bool:
        """Return whether it passes this record."""
        root = logging.getLogger()
        level = logging.getLogger(record.name).getEffectiveLevel()
        return root.hasHandlers() and record.levelno >= (root.level if level == _OWN_LEVEL else level)


def _all_handlers() -> Iterator[logging.Handler]:
    if logging.lastResort is not None:
        yield logging.lastResort
    for each in (logging.getLogger(), *logging.getLogger().manager.loggerDict.values()):
        if isinstance(each, logging.Logger):
            yield from each.handlers


def _reached(handler: logging.Handler) -> Iterator[logging.Handler]:
    """Return the handler, and those to which it passes its records later or in another thread."""
    yield handler
    # Of `MemoryHandler`; and of `QueueHandler`, where the configuration of Python 3.12 or later has made it.
    further = (getattr(handler, "target", None), *getattr(getattr(handler, "listener", None), "handlers", ()))
    for each in further:
        if isinstance(each, logging.Handler):
            yield from _reached(each)


def _is_on_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    if stream is None:
        return False
    if stream in (sys.stderr, sys.stdout):
        return True
    # A handler may have found the stream before a command replaced it.
    with suppress(Exception):
        return stream.fileno() in _STANDARD
    return False


def _keeps(handler: logging.Handler) -> bool:
    # A mail to the administrators is not what an operator looks at.
    return not isinstance(handler, _Shown | _Onward | logging.NullHandler) and type(handler).__name__ not in _MAILS


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
