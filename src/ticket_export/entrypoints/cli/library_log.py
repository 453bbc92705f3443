"""What the library logs while a command runs: shown with ``--debug``; its warnings, where a command asks for them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_export.entrypoints.cli.output import write_note
from ticket_export.errors import TicketExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.entrypoints.cli.session import Session


@contextmanager
def library_log(session: Session) -> Iterator[None]:
    """Keep the library's log off standard error, where a failure is told in one line already.

    A command that goes on after a failure asks for the warnings, a line each. A host's container may have set up
    logging of its own, which goes on as it is.
    """
    everything, warnings = logging.StreamHandler(), _Warnings(logging.WARNING)
    everything.addFilter(lambda _record: session.debug)
    warnings.addFilter(lambda _record: session.tells_warnings and not session.debug)
    log = logging.getLogger("ticket_export")
    log.addHandler(everything)
    log.addHandler(warnings)
    try:
        yield
    finally:
        log.removeHandler(warnings)
        log.removeHandler(everything)


class _Warnings(logging.Handler):
    """A line a record. A traceback is left out: unlike the library's own words, it may hold anything."""

    def emit(self, record: logging.LogRecord) -> None:
        write_note(f"{record.levelname.lower()}: {record.getMessage()}{self._reason(record)}")

    def _reason(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return ""
        reason = str(error) if isinstance(error, TicketExportError) else type(error).__name__
        return "" if reason in record.getMessage() else f" ({reason})"
