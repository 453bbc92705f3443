"""An export that waits inside of a long count, as on a database, until it is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from tests.unit.application.use_cases.help_desk import HelpDesk
from ticket_export.errors import TicketSourceError

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


def block_count(desk: HelpDesk, *, meanwhile: Callable[[], object]) -> Event:
    """Let the count call `meanwhile` and then wait for an interrupt; the answer is set once that came."""
    interrupted = Event()

    def count() -> None:
        meanwhile()
        assert interrupted.wait(PATIENCE), "nobody interrupted the count"
        raise TicketSourceError("The query was interrupted.")

    desk.happen |= {"source.count": count, "source.interrupt": interrupted.set}
    return interrupted
