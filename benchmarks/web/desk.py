"""The help desk of the hosts. It notes when the database is asked for an export."""

from __future__ import annotations

import gc
import time
from functools import cache
from typing import Any

from sqlalchemy import Engine, event

from ticket_export import Actor, TicketExportContainer


class Seen:
    """The statements that read one export, and the seconds of the garbage collector, since the last `taken`."""

    def __init__(self, engine: Engine) -> None:
        self._asks: list[tuple[float, str]] = []
        self._pauses: list[float] = []
        self._began = 0.0
        event.listen(engine, "before_cursor_execute", self._before_statement)
        gc.callbacks.append(self._collecting)

    def taken(self) -> dict[str, list[Any]]:
        """Return the moments and exports of the statements, and the seconds of the pauses. A moment is monotonic."""
        asks, self._asks = self._asks, []
        pauses, self._pauses = self._pauses, []
        return {"asks": asks, "pauses": pauses}

    def _before_statement(
        self, _connection: object, _cursor: object, statement: str, parameters: object, *_about: object
    ) -> None:
        if statement.startswith("SELECT") and '"ExportJobs"' in statement:
            self._asks.append((time.monotonic(), str(parameters)))

    def _collecting(self, phase: str, _about: object) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self._pauses.append(time.thread_time() - self._began)


container = TicketExportContainer()
seen = Seen(container.engine())


@cache
def actor_named(name: str | None) -> Actor | None:
    """The user of that e-mail address. A host has its own cost for this, which is not the library's."""
    return container.user_directory().find_by_email(name) if name else None


# What the modules have made stays for ever. As on any busy host, the collector need not look at it again and again,
# while no thread can answer.
gc.collect()
gc.freeze()
