"""A process that writes an object, and what ends the process or the writer."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Event, Thread
from time import sleep
from typing import Final

import pytest

from tests.endings.writing import CONTENT_TYPE, Writing, make_parts_small
from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.entrypoints.cli.main import main
from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.settings import Settings

#: With which code a process ends that exits by itself.
EXIT_CODE: Final = 3
#: What a process prints when its object is whole.
WRITTEN: Final = "written"

# What lives as long as the interpreter.
_left_open: list[object] = []
_patch = pytest.MonkeyPatch()


def write(ending: str, seed: str) -> None:
    """Write what the seed says into the storage of the settings, and end."""
    storage = open_storage(Settings.load())
    make_parts_small(_patch, storage)
    ENDINGS[ending][0](storage, Writing.of(seed))


def _killed(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        os.kill(os.getpid(), signal.SIGKILL)


def _killed_from_outside(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_all(writer)
    sys.stdout.write(WRITTEN)
    sys.stdout.flush()
    # The signal may be late.
    sleep(60)


def _terminated(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        os.kill(os.getpid(), signal.SIGTERM)
        sleep(60)


def _interrupted(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        os.kill(os.getpid(), signal.SIGINT)
        sleep(60)


def _exited(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        sys.exit(EXIT_CODE)


def _exited_at_once(storage: ExportStorage, writing: Writing) -> None:
    with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        os._exit(EXIT_CODE)


def _left_in_a_module(storage: ExportStorage, writing: Writing) -> None:
    opened: AbstractContextManager[ObjectWriter] = storage.open_writer(writing.key, CONTENT_TYPE)
    writing.write_some(writer := opened.__enter__())
    _left_open.extend([opened, writer])


def _left_in_a_generator(storage: ExportStorage, writing: Writing) -> None:
    def export() -> Iterator[None]:
        with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
            writing.write_some(writer)
            yield

    running = export()
    next(running)
    _left_open.append(running)


def _left_in_a_cycle(storage: ExportStorage, writing: Writing) -> None:
    opened = storage.open_writer(writing.key, CONTENT_TYPE)
    writing.write_some(writer := opened.__enter__())
    cycle: list[object] = [opened, writer]
    cycle.append(cycle)


def _left_in_a_thread(storage: ExportStorage, writing: Writing) -> None:
    has_written = Event()

    def export() -> None:
        with storage.open_writer(writing.key, CONTENT_TYPE) as writer:
            writing.write_some(writer)
            has_written.set()
            sleep(60)

    Thread(target=export, daemon=True).start()
    assert has_written.wait(60)


#: What a process does by the name of its ending, and with which code it ends.
ENDINGS: Final[dict[str, tuple[Callable[[ExportStorage, Writing], None], int]]] = {
    "process is killed": (_killed, -signal.SIGKILL),
    "process is killed, at any byte": (_killed_from_outside, -signal.SIGKILL),
    "process is terminated": (_terminated, -signal.SIGTERM),
    "process gets Ctrl-C": (_interrupted, -signal.SIGINT),
    "process exits in the block": (_exited, EXIT_CODE),
    "process exits at once": (_exited_at_once, EXIT_CODE),
    "process ends, writer in a module": (_left_in_a_module, 0),
    "process ends, writer in a generator": (_left_in_a_generator, 0),
    "process ends, writer in a cycle": (_left_in_a_cycle, 0),
    "process ends, writer in a thread": (_left_in_a_thread, 0),
}


def drain() -> None:
    """Run ``ticket-export worker --drain``, with small parts."""
    make_parts_small(_patch, open_storage(Settings.load()))
    sys.exit(main(["worker", "--drain"]))
