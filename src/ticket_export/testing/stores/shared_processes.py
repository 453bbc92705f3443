"""The contract of an `ExportStorage` that several processes use."""

from __future__ import annotations

import os
from typing import Final

import pytest

from ticket_export.testing.stores.other_processes import OtherProcesses
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, OTHER_KEY, S, write

_OPENED: Final = """
import faulthandler
import os
import signal
import sys
import traceback
import tracemalloc

from ticket_export.infrastructure.storage.registry import open_storage
from ticket_export.settings import Settings

storage = open_storage(Settings.load())
"""
_PLACE: Final = f"{_OPENED}\nprint(storage.provider, storage.place)"
_FORK: Final = f"""{_OPENED}
def use(name):
    for number in range(10):
        key, data = f"exports/{{name}}/{{number}}", f"{{name}} {{number}} ".encode() * 10_000
        with storage.open_writer(key, "text/csv") as writer:
            writer.write(data)
        with storage.open_reader(key) as stream:
            assert stream.read() == data
        assert key in list(storage.list("exports/"))
        storage.delete(key)

# A process that hangs ends, and says where.
faulthandler.register(signal.SIGALRM, chain=True)
signal.alarm(100)
use("before")
child = os.fork()
if child == 0:
    try:
        signal.alarm(100)
        use("child")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
use("parent")
sys.exit(os.waitpid(child, 0)[1] != 0)
"""
_MEMORY: Final = f"""{_OPENED}
task, content_type, size, small, large = sys.argv[1:]

def read(key):
    with storage.open_reader(key) as stream:
        while stream.read(100_000):
            pass

def write(key, size):
    with storage.open_writer(key, content_type) as writer:
        for _ in range(0, size, 100_000):
            writer.write(bytes(100_000))

read(small)
write(small, 1)
tracemalloc.start()
if task == "read":
    read(large)
else:
    write(large, int(size))
print(tracemalloc.get_traced_memory()[1])
"""


class SharedProcessesContract(OtherProcesses[S]):
    """A part of `StorageContract`."""

    def test_place_is_the_same_in_another_process_with_other_settings(self, storage: S) -> None:
        found = self.run_in_another_process(storage, _PLACE, TICKET_EXPORT_STORAGE_PATIENCE_SECONDS="7")
        assert found.stdout.split() == [storage.provider, storage.place], found.stderr

    def test_storage_that_was_used_before_a_fork_is_used_in_both_processes(self, storage: S) -> None:
        if not hasattr(os, "fork"):
            pytest.skip("this system has no fork")
        found = self.run_in_another_process(storage, _FORK)
        assert found.returncode == 0, found.stderr
        assert list(storage.list("")) == []

    @pytest.mark.parametrize("task", ["read", "write"])
    def test_memory_does_not_grow_with_the_object(self, storage: S, task: str) -> None:
        self.require_scheme(storage)
        size = 5 * self.several_parts
        self.put_behind(storage, OTHER_KEY, b"small")
        if task == "read":
            write(storage, KEY, *[self.large_object()] * 5)
        found = self.run_in_another_process(storage, _MEMORY, task, CONTENT_TYPE, str(size), OTHER_KEY, KEY)
        assert found.returncode == 0, found.stderr
        # A driver may keep some parts, until Python collects them.
        assert int(found.stdout) < size - self.several_parts
