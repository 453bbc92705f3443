"""More storages that break one promise each: at borders of pages, between two calls, in other processes, in links."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from io import BytesIO
from threading import BoundedSemaphore, current_thread, get_ident, main_thread
from time import sleep, time
from types import FrameType
from typing import Any, BinaryIO, ClassVar, Final, Self

from tests.contract.mutants.faithful_storage import (
    PASSWORD,
    DriverError,
    FaithfulStorage,
    NotFoundError,
    Reader,
    Upload,
)
from tests.contract.mutants.registered_mutants import breaks, keeps_all
from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, error
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.errors import ConfigurationError, StorageError, StorageUnavailableError
from ticket_export.settings import Settings
from ticket_export.storage import check_key, check_prefix, check_start

_PAGE: Final = 1_000

# Lists

_PAGES: Final = "test_more_names_than_a_page_are_listed_once_and_in_order"
_LIST_AWAY: Final = "test_list_of_a_store_that_goes_away_raises_a_storage_error_or_has_every_name"
_ORDER: Final = "test_names_are_in_the_order_of_their_characters"


@keeps_all
class Paging(FaithfulStorage):
    """Lists in pages."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        found = sorted(key for key in self.store.names() if key.startswith(prefix))
        return [key for key in found if key > after][:_PAGE]

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        after, number = "", 0
        while True:
            with self.errors("the files could not be listed"):
                page = self.page(prefix, after, number)
            if not page:
                return
            yield from page
            after, number = page[-1], number + 1


@breaks(_PAGES)
class FirstPage(Paging):
    """Lists one page only."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        return [] if number else super().page(prefix, after, number)


@breaks(_PAGES)
class Doubling(Paging):
    """Lists the last name of a page twice."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        page = super().page(prefix, after, number)
        return [after, *page] if page and number else page


@breaks(_PAGES)
class Skipping(Paging):
    """Lists the name at the border of two pages never."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        page = super().page(prefix, after, number)
        return page[1:] if number else page


@breaks("test_every_name_is_listed_while_objects_are_deleted")
class Numbering(Paging):
    """Asks for the names by their numbers, which change when one is deleted."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        found = sorted(key for key in self.store.names() if key.startswith(prefix))
        return found[number * _PAGE : (number + 1) * _PAGE]


@breaks(_LIST_AWAY)
class RawPages(Paging):
    """Raises the driver's errors from the second page on."""

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        after = ""
        with self.errors("the files could not be listed"):
            page = self.page(prefix, after, 0)
        while page:
            yield from page
            page = self.page(prefix, page[-1], 1)


@breaks(_LIST_AWAY)
class HalfLists(Paging):
    """Calls a failure behind the first page the end of the list."""

    def page(self, prefix: str, after: str, number: int) -> list[str]:
        try:
            return super().page(prefix, after, number)
        except DriverError:
            if number == 0:
                raise
            return []


@breaks(_ORDER)
class Alphabetical(FaithfulStorage):
    """Lists small and capital letters together."""

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(super().list(prefix), key=str.lower)


@breaks(_ORDER)
class Natural(FaithfulStorage):
    """Lists 9 before 10."""

    def list(self, prefix: str) -> Iterator[str]:
        def numbers(key: str) -> list[tuple[int, str]]:
            return [(int(text), "") if text.isdigit() else (0, text) for text in re.findall(r"\d+|.", key)]

        yield from sorted(super().list(prefix), key=numbers)


@breaks("test_lists_that_are_read_in_turn_do_not_disturb_each_other")
class OneCursor(FaithfulStorage):
    """Has one cursor for all lists."""

    names: ClassVar[list[str]] = []

    def list(self, prefix: str) -> Iterator[str]:
        self.names[:] = super().list(prefix)
        while self.names:
            yield self.names.pop(0)


@breaks("test_lists_that_are_read_in_turn_do_not_disturb_each_other")
class NoIterator(FaithfulStorage):
    """Returns a list where an iterator is due."""

    def list(self, prefix: str) -> Iterator[str]:
        return list(super().list(prefix))  # type: ignore[return-value]


@breaks("test_object_that_another_process_has_written_is_listed")
class RememberingLists(FaithfulStorage):
    """Lists what it listed before, until it writes or deletes itself."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.known: dict[str, list[str]] = {}

    def list(self, prefix: str) -> Iterator[str]:
        if prefix not in self.known:
            self.known[prefix] = [*super().list(prefix)]
        yield from self.known[prefix]

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            yield writer
        self.known.clear()

    def delete(self, key: str) -> None:
        super().delete(key)
        self.known.clear()


@breaks("test_nothing_is_readable_before_the_block_ends")
class Unhidden(FaithfulStorage):
    """Lists the temporary names of writers at work."""

    at_work: ClassVar[set[str]] = set()

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            self.at_work.add(f"{key}.tmp")
            try:
                yield writer
            finally:
                self.at_work.clear()

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted([*super().list(prefix), *(key for key in self.at_work if key.startswith(prefix))])


# Readers


@breaks("test_error_of_a_block_that_reads_comes_out_unchanged")
class WrappingReads(FaithfulStorage):
    """Makes its own error of that of a block that reads."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with self.errors("the file could not be read"), super().open_reader(key, start) as stream:
            yield stream


@breaks("test_readers_of_one_object_do_not_disturb_each_other")
class OnePosition(FaithfulStorage):
    """Has one position for all readers of a key."""

    class reader(Reader):  # noqa: N801
        positions: ClassVar[dict[str, int]] = {}

        def __init__(self, storage: FaithfulStorage, key: str, start: int, version: int) -> None:
            super().__init__(storage, key, start, version)
            self.positions[key] = start

        def get(self, length: int) -> bytes:
            self.position = self.positions[self.key]
            data = super().get(length)
            self.positions[self.key] += len(data)
            return data


@breaks("test_object_may_be_read_by_another_thread")
class ReadingThread(FaithfulStorage):
    """Reads in the thread only that opened the object."""

    class reader(Reader):  # noqa: N801
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.thread = get_ident()

        def get(self, length: int) -> bytes:
            if get_ident() != self.thread:
                raise StorageError("the file could not be read: it was opened by another thread")
            return super().get(length)


@breaks("test_object_that_another_process_has_replaced_is_read")
class Remembering(FaithfulStorage):
    """Keeps what it has read, until it writes or deletes itself."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.known: dict[str, bytes] = {}

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_start(start)
        if key not in self.known:
            with super().open_reader(key) as stream:
                self.known[key] = stream.read()
        yield BytesIO(self.known[key][start:])

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            yield writer
        self.known.pop(key, None)

    def delete(self, key: str) -> None:
        super().delete(key)
        self.known.pop(key, None)


_REPLACED: Final = "test_reader_of_an_object_that_is_replaced_or_deleted_reads_all_of_it_or_raises"


@breaks(_REPLACED)
class MixingReader(FaithfulStorage):
    """Reads on in the object that has replaced the one that was opened."""

    class reader(Reader):  # noqa: N801
        def get(self, length: int) -> bytes:
            with self.storage.errors("the file could not be read"):
                return self.storage.store.get(self.key, self.position, length)


@breaks(_REPLACED)
class ShortReader(FaithfulStorage):
    """Calls it the end when the object was deleted."""

    class reader(Reader):  # noqa: N801
        def get(self, length: int) -> bytes:
            try:
                return self.storage.store.get(self.key, self.position, length, self.version)
            except NotFoundError:
                return b""
            except DriverError as failure:
                raise StorageUnavailableError("the file could not be read") from failure


@breaks("test_replaced_object_is_readable_at_every_moment")
class Gap(FaithfulStorage):
    """Removes the old object right before the new one is there."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            self.require()
            self.send(bytes(self.rest))
            with self.storage.errors("the file could not be written"):
                self.store.delete(self.key)
                sleep(0.005)
                self.store.complete(self.upload, self.key)


@breaks("test_reader_that_is_closed_while_the_store_is_away_raises_nothing_but_a_storage_error")
class RawClosing(FaithfulStorage):
    """Raises the driver's errors when a reader is closed."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start) as stream:
            yield stream
        self.store.names()


@breaks("test_readers_that_stop_early_leave_the_store_usable")
class Leaking(FaithfulStorage):
    """Has ten connections, and gets back only those whose object was read to its end."""

    connections: ClassVar[BoundedSemaphore] = BoundedSemaphore(10)

    class reader(Reader):  # noqa: N801
        def __init__(self, *arguments: Any) -> None:
            Leaking.connections.acquire(timeout=300)
            self.is_open = True
            super().__init__(*arguments)

        def get(self, length: int) -> bytes:
            data = super().get(length)
            if not data and self.is_open:
                self.is_open = False
                Leaking.connections.release()
            return data


_MEMORY: Final = "test_memory_does_not_grow_with_the_object"


@breaks(_MEMORY)
class ReadingAll(FaithfulStorage):
    """Reads an object into memory."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start) as stream:
            data = stream.read()
        yield BytesIO(data)


@breaks(_MEMORY)
class KeepingAll(FaithfulStorage):
    """Writes everything at the end."""

    class upload(Upload):  # noqa: N801
        def write(self, data: bytes, /) -> None:
            self.require()
            self.rest += data


# Writers

_UNCHANGED: Final = "test_failed_block_leaves_nothing_readable_and_its_error_unchanged"
_NEXT_WRITE: Final = "test_interrupted_writer_raises_at_the_next_write_and_leaves_the_object_as_it_was"
_OTHERS: Final = "test_writers_that_end_leave_those_of_other_keys_at_work"


@breaks(_UNCHANGED)
class Tolerant(FaithfulStorage):
    """Publishes when it is a storage error that ends the block."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        failures = []
        with super().open_writer(key, content_type) as writer:
            try:
                yield writer
            except StorageError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]


@breaks(_NEXT_WRITE)
class DeafWrites(FaithfulStorage):
    """Takes what is written after an interrupt, and raises at the end of the block only."""

    class upload(Upload):  # noqa: N801
        def write(self, data: bytes, /) -> None:
            is_interrupted, self.is_interrupted = self.is_interrupted, False
            super().write(data)
            self.is_interrupted = is_interrupted


@breaks(_NEXT_WRITE)
class RemovingInterrupts(FaithfulStorage):
    """Removes the object when the writer of its replacement is interrupted."""

    class upload(Upload):  # noqa: N801
        def interrupt(self) -> None:
            super().interrupt()
            self.store.delete(self.key)


@breaks("test_interrupt_after_the_end_of_a_block_changes_nothing")
class LateInterrupts(FaithfulStorage):
    """Removes what was published when the writer is interrupted afterwards."""

    class upload(Upload):  # noqa: N801
        is_published = False

        def publish(self) -> None:
            super().publish()
            self.is_published = True

        def interrupt(self) -> None:
            super().interrupt()
            if self.is_published:
                self.store.delete(self.key)


@breaks("test_write_after_the_block_changes_nothing")
class LateWrites(FaithfulStorage):
    """Adds to the object what is written after the block."""

    class upload(Upload):  # noqa: N801
        is_published = False

        def publish(self) -> None:
            super().publish()
            self.is_published = True

        def write(self, data: bytes, /) -> None:
            if self.is_published:
                self.store.put(self.key, self.store.get(self.key) + data)
            else:
                super().write(data)


@breaks("test_empty_write_adds_nothing")
class EmptyEnds(FaithfulStorage):
    """Calls an empty block the end of the object."""

    class upload(Upload):  # noqa: N801
        is_over = False

        def write(self, data: bytes, /) -> None:
            self.is_over = self.is_over or (not data and not self.rest)
            if not self.is_over:
                super().write(data)


@breaks(_OTHERS)
class RemovingUploads(FaithfulStorage):
    """Removes all unfinished objects when one fails."""

    class upload(Upload):  # noqa: N801
        def discard(self) -> None:
            super().discard()
            with suppress(DriverError, FileNotFoundError):
                for upload in self.store.begun():
                    self.store.abort(upload)


@breaks(_OTHERS)
class BeginningAlone(FaithfulStorage):
    """Removes all other unfinished objects when it begins one."""

    class upload(Upload):  # noqa: N801
        def begin(self) -> str:
            with self.storage.errors("the file could not be written"):
                for upload in self.store.begun():
                    if not upload.startswith(self.key.replace("/", "~")):
                        self.store.abort(upload)
            return super().begin()


@breaks("test_long_keys_that_differ_in_one_letter_are_two_objects")
class Shortening(FaithfulStorage):
    """Cuts long names."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            self.key = self.key[:128]
            super().publish()

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_key(key)
        with super().open_reader(key[:128], start) as stream:
            yield stream

    def delete(self, key: str) -> None:
        check_key(key)
        super().delete(key[:128])


# The store is away

_SHOWN: Final = "test_failure_of_the_store_is_a_storage_error_that_can_be_shown"


@breaks("test_failure_at_the_end_of_a_block_is_a_storage_error_that_can_be_shown")
class RawEnds(FaithfulStorage):
    """Raises the driver's errors at the end of a block."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            self.require()
            self.store.put_part(self.upload, self.parts, bytes(self.rest))
            self.store.complete(self.upload, self.key)


@breaks("test_failure_at_the_end_of_a_block_is_a_storage_error_that_can_be_shown")
class QuietEnds(FaithfulStorage):
    """Says nothing when the end of a block has failed."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            with suppress(StorageUnavailableError):
                super().publish()


@breaks(_SHOWN)
class HalfQuoting(FaithfulStorage):
    """Shows the user of the store, from the driver's error."""

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        try:
            with super().errors(failed):
                yield
        except StorageUnavailableError as failure:
            found = re.search(r"as (\S+)", str(failure.__cause__))
            raise StorageError(f"{failed} by {found and found[1]}") from failure.__cause__


@breaks(_SHOWN)
class Confiding(FaithfulStorage):
    """Shows its password in an error."""

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        try:
            with super().errors(failed):
                yield
        except StorageUnavailableError:
            raise StorageUnavailableError(f"{failed} with {os.environ[PASSWORD]}") from None


@breaks("test_no_secret_is_in_what_a_failure_logs")
class Logging(FaithfulStorage):
    """Has its password in the log."""

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        try:
            with super().errors(failed):
                yield
        except StorageUnavailableError:
            logging.getLogger(__name__).warning("not with %s", os.environ[PASSWORD])
            raise


@breaks(_SHOWN)
class HopefulAbsence(FaithfulStorage):
    """Says nothing when it could not delete what it does not know."""

    def delete(self, key: str) -> None:
        check_key(key)
        if (self.store.objects / key.replace("/", "~")).exists():
            super().delete(key)


@breaks("test_place_is_known_while_the_store_is_away")
class AskingPlace(FaithfulStorage):
    """Asks the store for its place."""

    @property
    def place(self) -> str:
        with self.errors("the place is not known"):
            self.store.names()
        return super().place


_WELL: Final = "test_check_finds_nothing_wrong_with_a_store_that_works_and_changes_nothing"


@breaks(_WELL)
class Alarmed(FaithfulStorage):
    """Finds a problem in an empty store."""

    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        yield from super().problems(actors)
        if not self.store.objects.exists():
            yield error("storage", "there is nothing", "write something")


@breaks(_WELL)
class Testing(FaithfulStorage):
    """Leaves a file of its check."""

    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        yield from super().problems(actors)
        with suppress(StorageError), self.open_writer("exports/check", "text/plain") as writer:
            writer.write(b"x")


# Sweeping


@breaks("test_what_is_stale_does_not_depend_on_the_time_zone")
class LocalTime(FaithfulStorage):
    """Compares the time of the zone of its process with UTC."""

    def is_before(self, begun: datetime, before: datetime) -> bool:
        return begun.astimezone().replace(tzinfo=None) < before.replace(tzinfo=None)


# Processes


@breaks("test_process_that_ends_with_open_writers_leaves_every_object_as_it_was")
class Terminated(FaithfulStorage):
    """Publishes what is open when the process is terminated."""

    class upload(Upload):  # noqa: N801
        def begin(self) -> str:
            if "pytest" not in sys.modules and current_thread() is main_thread():
                signal.signal(signal.SIGTERM, self.end)
            return super().begin()

        def end(self, number: int, frame: FrameType | None) -> None:
            self.publish()
            os._exit(1)


@breaks("test_storage_that_was_used_before_a_fork_is_used_in_both_processes")
class Forked(FaithfulStorage):
    """Works only in the process that used it first."""

    process: int | None = None

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        self.process = self.process or os.getpid()
        if self.process != os.getpid():
            raise StorageError(f"{failed}: the connection belongs to another process")
        with super().errors(failed):
            yield


class Marked(FaithfulStorage):
    """Has something behind the folder of its place."""

    patience = 0.0

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        storage = super().from_url(url.partition("?")[0], settings)
        storage.patience = settings.storage_patience.total_seconds()
        return storage

    def mark(self) -> object:
        raise NotImplementedError

    @property
    def place(self) -> str:
        return f"{super().place}?{self.mark()}"


_PLACES: Final = "test_place_is_the_same_in_another_process_with_other_settings"


@breaks(_PLACES)
class ProcessPlace(Marked):
    """Has another place in each process."""

    def mark(self) -> object:
        return os.getpid()


@breaks(_PLACES)
class SettingsPlace(Marked):
    """Has another place with other settings."""

    def mark(self) -> object:
        return self.patience in {0.0, 60.0}


@breaks("test_place_shows_no_secret")
class SecretPlace(Marked):
    """Has its password in its place."""

    def mark(self) -> object:
        return f"key={os.environ[PASSWORD]}"


@breaks("test_two_storages_have_one_place_exactly_if_they_have_the_same_objects")
class SmallPlace(FaithfulStorage):
    """Has the same place for two folders that differ in their capital letters."""

    @property
    def place(self) -> str:
        root, slash, last = super().place.rpartition("/")
        return f"{root}{slash}{last.lower()}"

    def is_at(self, place: str) -> bool:
        return place == self.place


@breaks("test_storage_is_at_its_own_place_only")
class StrictPlaces(FaithfulStorage):
    """Raises for a place that is not one of its own."""

    def is_at(self, place: str) -> bool:
        if "://" not in place:
            raise ConfigurationError("this is not a place")
        return super().is_at(place)


# Links


@breaks("test_signed_url_serves_the_type_that_it_was_asked_for")
class OneType(FaithfulStorage):
    """Links to files of one type only."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"Content-Type": "text/csv; charset=utf-8"}


@breaks("test_signed_url_can_neither_replace_nor_delete_the_object")
class Writable(FaithfulStorage):
    """Makes links that can write."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"methods": "GET,PUT"}


@breaks("test_signed_url_with_any_other_parameter_is_refused")
class Extensible(FaithfulStorage):
    """Does not sign how long a link lives."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"scope": "time"}


@breaks("test_signed_url_is_valid_as_long_as_it_was_asked_for")
class Minutes(FaithfulStorage):
    """Makes links that live for a minute at least."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"expires": f"{max(float(query['expires']), time() + 60):.3f}"}


@breaks("test_signed_url_shows_no_secret")
class SecretLinks(FaithfulStorage):
    """Has its password in its links."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        url = super().signed_url(key, file_name=file_name, content_type=content_type, expires_in=expires_in)
        return f"{url}&password={os.environ[PASSWORD]}"
