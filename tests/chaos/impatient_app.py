"""A host's container, as ``--app`` takes it, on a machine whose clock is wrong, and whose waits are short.

In minutes, as they are by themselves, nobody could wait for what a test of seconds is about.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from tests.chaos.workers import SECONDS_OFF_VARIABLE
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.persistence.database.answer_watch import WATCH
from ticket_export.infrastructure.persistence.database.transaction import SHORT
from ticket_export.infrastructure.system_clock import SystemClock

_off = timedelta(seconds=float(os.environ[SECONDS_OFF_VARIABLE]))


def _now(_self: SystemClock) -> datetime:
    return datetime.now(UTC) + _off


SystemClock.now = _now  # type: ignore[assignment,method-assign]
WATCH.patience = 2.0
SHORT.update(statement_timeout="1s", lock_timeout="500ms", idle_in_transaction_session_timeout="1s")

container = TicketExportContainer()
