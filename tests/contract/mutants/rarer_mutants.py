"""More storages that break one promise each: as on databases, and where a caller stops early or goes on."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore
from typing import BinaryIO, ClassVar, Final, cast

from tests.contract.mutants.faithful_storage import PART, DriverError, FaithfulStorage, Reader, Store, Upload
from tests.contract.mutants.mutated_plugins import Plugin
from tests.contract.mutants.registered_mutants import breaks
from ticket_export.storage import check_key, check_prefix, check_start

# Lists

_PREFIX: Final = "test_list_gives_the_keys_of_a_prefix_in_order"


@breaks(_PREFIX)
class RegularLists(FaithfulStorage):
    """Takes a prefix for a regular expression."""

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        return (key for key in super().list("") if re.match(prefix, key))


def is_like(text: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    """As SQL compares texts: an underscore is any letter."""
    return re.match(re.escape(pattern).replace("_", "."), text, flags) is not None


@breaks(_PREFIX)
class SqlLists(FaithfulStorage):
    """Takes an underscore for any letter, as LIKE does."""

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        return (key for key in super().list("") if is_like(key, prefix))


@breaks(_PREFIX)
class SqlitePlugin(Plugin):
    """Takes capital letters for small ones, as SQLite's LIKE does."""

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.client.names() if name.lower().startswith(prefix.lower()))


@breaks("test_list_goes_on_while_objects_are_deleted_that_it_has_not_reached")
class LookingLists(FaithfulStorage):
    """Looks at each object that it lists."""

    def list(self, prefix: str) -> Iterator[str]:
        with self.errors("the files could not be listed"):
            for key in [*super().list(prefix)]:
                self.store.look(key)
                yield key


@breaks("test_lists_that_stop_early_leave_the_store_usable")
class LeakingLists(FaithfulStorage):
    """Has ten connections, and gets back only those whose list was read to its end."""

    connections: ClassVar[BoundedSemaphore] = BoundedSemaphore(10)

    def list(self, prefix: str) -> Iterator[str]:
        self.connections.acquire(timeout=300)
        yield from super().list(prefix)
        self.connections.release()


@breaks("test_lists_that_stop_early_leave_the_store_usable")
class RefusingLists(FaithfulStorage):
    """Raises the driver's error for the eleventh list that was not read to its end."""

    unread: ClassVar[int] = 0

    def list(self, prefix: str) -> Iterator[str]:
        if self.unread == 10:
            raise DriverError("too many connections to 10.0.0.1")
        type(self).unread += 1
        yield from super().list(prefix)
        type(self).unread -= 1


# Readers


@breaks("test_absent_object_is_not_found_before_the_block_of_its_reader_begins")
class LazyReader(FaithfulStorage):
    """Looks for an object when it is read."""

    class reader(Reader):  # noqa: N801
        is_found = False

        def get(self, length: int) -> bytes:
            if not self.is_found:
                with self.storage.errors("the file could not be read"):
                    found, self.version = self.storage.store.look(self.key)
                self.position, self.is_found = min(self.position, found), True
            return super().get(length)

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_key(key)
        check_start(start)
        yield io.BufferedReader(self.reader(self, key, start, 0))


@breaks("test_error_of_a_block_that_reads_comes_out_unchanged_while_the_store_is_away")
class ReplacingReads(FaithfulStorage):
    """Raises what is wrong with its end in the place of the error of a block that reads."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        try:
            with super().open_reader(key, start) as stream:
                yield stream
        finally:
            self.require_there()


@breaks("test_many_readers_at_once_do_not_wait_for_each_other")
class TenReaders(FaithfulStorage):
    """Has ten connections, and lets the next reader wait for one."""

    free: ClassVar[BoundedSemaphore] = BoundedSemaphore(10)

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        self.free.acquire(timeout=300)
        try:
            with super().open_reader(key, start) as stream:
                yield stream
        finally:
            self.free.release()


class BareReader:
    """Has the two methods that the library calls."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read, self.close = stream.read, stream.close


@breaks("test_object_is_read_as_text")
class BareReads(FaithfulStorage):
    """Returns a reader that is no file of Python."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start) as stream:
            yield cast("BinaryIO", BareReader(stream))


# Writers


@breaks("test_calls_leave_no_file_or_connection_open")
class LeakingWrites(FaithfulStorage):
    """Keeps a connection for each object that it writes."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            super().publish()
            os.open(os.devnull, os.O_RDONLY)


@breaks("test_calls_leave_no_file_or_connection_open")
class LeakingFailures(FaithfulStorage):
    """Keeps a connection for each object whose block failed."""

    class upload(Upload):  # noqa: N801
        def discard(self) -> None:
            super().discard()
            os.open(os.devnull, os.O_RDONLY)


@breaks("test_write_that_failed_is_not_left_out_of_the_object")
class Dropping(FaithfulStorage):
    """Goes on behind a part that it could not send."""

    class upload(Upload):  # noqa: N801
        def write(self, data: bytes, /) -> None:
            self.require()
            self.rest += data
            while len(self.rest) >= PART:
                part = bytes(self.rest[:PART])
                del self.rest[:PART]
                self.send(part)


# Sweeping


@breaks("test_only_what_is_below_the_prefix_is_discarded")
class SqlDiscarding(FaithfulStorage):
    """Takes an underscore for any letter, as LIKE does."""

    def is_below(self, upload: str, start: str) -> bool:
        return is_like(upload, start)


@breaks("test_writer_of_another_place_is_not_disturbed")
class DiscardingNextDoor(FaithfulStorage):
    """Discards in every place whose name begins as its own does."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        ours = self.store
        if not ours.folder.parent.exists():
            return 0
        stores = [Store(each) for each in ours.folder.parent.iterdir() if each.name.startswith(ours.folder.name)]
        found = 0
        for self.store in stores:
            found += super().discard_stale(before, prefix=prefix)
        self.store = ours
        return found
