"""The contract of an `ExportStorage` after a process that ended while its writers were open."""

from __future__ import annotations

from typing import Final

import pytest

from ticket_export.testing.stores.other_processes import OtherProcesses
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, OTHER_KEY, S, write

#: Seconds for a machine that is busy with other tests.
PATIENCE: float = 120
_PROGRAM: Final = """
import os
import signal
import sys
from threading import Event, Thread

from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.settings import Settings

content_type, size, ending, *keys = sys.argv[1:]
storage = open_storage(Settings.load())
blocks = [storage.open_writer(key, content_type) for key in keys]
for block in blocks:
    writer = block.__enter__()
    for _ in range(0, int(size), 100_000):
        writer.write(b"x" * 100_000)
if ending == "exits beside a thread":
    has_written = Event()

    def write():
        with storage.open_writer(keys[1], content_type) as writer:
            writer.write(b"half")
            has_written.set()
            Event().wait()

    Thread(target=write, daemon=True).start()
    has_written.wait(60)
print("written", flush=True)
if ending == "is terminated":
    os.kill(os.getpid(), signal.SIGTERM)
if ending == "is killed":
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
# The other writers are open until Python ends, in no order that a storage can rely on.
with storage.open_writer(keys[0], content_type) as writer:
    writer.write(b"half")
    if ending == "fails":
        raise RuntimeError("nobody handles it")
    sys.exit()
"""


class EndedProcessesContract(OtherProcesses[S]):
    """A part of `StorageContract`."""

    @pytest.mark.parametrize("ending", ["exits", "exits beside a thread", "fails", "is terminated", "is killed"])
    def test_process_that_ends_with_open_writers_leaves_every_object_as_it_was(self, storage: S, ending: str) -> None:
        self.require_scheme(storage)
        self.put_behind(storage, KEY, b"first")
        self._run(storage, ending)
        try:
            self.assert_object(storage, KEY, b"first")
            self.assert_absent(storage, OTHER_KEY)
            assert list(storage.list("")) == [KEY]
        finally:
            self.sweep(storage)
        for key in (KEY, OTHER_KEY):
            write(storage, key, b"again")
            self.assert_object(storage, key, b"again")

    def _run(self, storage: S, ending: str) -> None:
        arguments = [CONTENT_TYPE, str(self.several_parts), ending, KEY, OTHER_KEY]
        process = self.run_in_another_process(storage, _PROGRAM, *arguments, patience=PATIENCE)
        assert (process.stdout, process.returncode == 0) == ("written\n", ending.startswith("exits")), process.stderr
