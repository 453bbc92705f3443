"""The contract of an `ExportStorage` after a process that ended while its writers were open."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from ticket_export.settings import Settings
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, OTHER_KEY, S, StoreBackDoor, write

#: Seconds for a machine that is busy with other tests.
PATIENCE: float = 120
_PROGRAM: Final = """
import os
import signal
import sys

from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.settings import Settings

content_type, size, ending, *keys = sys.argv[1:]
storage = open_storage(Settings.load())
blocks = [storage.open_writer(key, content_type) for key in keys]
for block in blocks:
    writer = block.__enter__()
    for _ in range(0, int(size), 100_000):
        writer.write(b"x" * 100_000)
print("written", flush=True)
if ending == "is killed":
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
# The other writers are open until Python ends, in no order that a storage can rely on.
with storage.open_writer(keys[0], content_type) as writer:
    writer.write(b"half")
    sys.exit()
"""


class EndedProcessesContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    @pytest.mark.parametrize("ending", ["exits", "is killed"])
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
        ours = Settings.load(storage_url=storage.place).environment()
        environment = {**ours, **self.environment(storage), "TICKET_EXPORT_STORAGE_URL": storage.place}
        arguments = [CONTENT_TYPE, str(self.several_parts), ending, KEY, OTHER_KEY]
        try:
            process = subprocess.run(  # noqa: S603 - this program
                [sys.executable, "-c", _PROGRAM, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.fail(f"the process did not end within {PATIENCE:.0f} s")
        assert (process.stdout, process.returncode == 0) == ("written\n", ending != "is killed"), process.stderr
