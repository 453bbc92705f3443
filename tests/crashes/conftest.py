from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.crashes.world import BLOCK_ROWS
from ticket_export.infrastructure.memory import ticket_source
from ticket_export.infrastructure.tasks import runner
from ticket_export.infrastructure.tickets.sqlite import reader


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Several blocks of few tickets, no pause after an error or for a disk, and no log of a thousand errors."""
    monkeypatch.setattr(ticket_source, "BLOCK_ROWS", BLOCK_ROWS)
    monkeypatch.setattr(reader, "BLOCK_ROWS", BLOCK_ROWS)
    monkeypatch.setattr(runner, "_FIRST_PAUSE", 0.001)
    # A process that dies here does not take the machine with it: nothing has to be on the disk.
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
