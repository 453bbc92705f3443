"""Storages that break one promise each, and the test of the contract that must notice it."""

from __future__ import annotations

import atexit
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from io import BytesIO
from tempfile import TemporaryFile
from threading import Event, Thread, get_ident
from time import time
from typing import BinaryIO, Final, Self, TypeVar, cast

from tests.contract.mutants.faithful_storage import (
    PART,
    DriverError,
    FaithfulStorage,
    NotFoundError,
    Reader,
    Upload,
)
from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding
from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.errors import InvalidKeyError, ObjectNotFoundError, StorageError, StorageUnavailableError
from ticket_export.settings import Settings
from ticket_export.storage import check_key, check_prefix

#: The variable with the name of the mutant that ``faithful://`` opens, in this process and its children.
MUTANT: Final = "TICKET_EXPORT_TEST_MUTANT"
#: The mutants by their names, each with the test that must fail.
MUTANTS: dict[str, tuple[type[FaithfulStorage], str]] = {}
M = TypeVar("M", bound=type[FaithfulStorage])


class FromUrl:
    """The entry point: it opens the storage that a variable names."""

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> FaithfulStorage:
        return mutant_or_faithful().from_url(url, settings)


def mutant_or_faithful() -> type[FaithfulStorage]:
    """Return the class that the variable names."""
    name = os.environ.get(MUTANT)
    return MUTANTS[name][0] if name else FaithfulStorage


def breaks(promise: str) -> Callable[[M], M]:
    """Name the test that must fail."""

    def register(mutant: M) -> M:
        assert mutant.__doc__
        MUTANTS[mutant.__name__] = mutant, promise
        return mutant

    return register


# Writers


@breaks("test_nothing_is_readable_before_the_block_ends")
class Early(FaithfulStorage):
    """Shows an object while it is written."""

    class upload(Upload):  # noqa: N801
        def send(self, data: bytes) -> None:
            super().send(data)
            self.store.put(self.key, data)


@breaks("test_failed_block_leaves_nothing_readable_and_its_error_unchanged")
class Careless(FaithfulStorage):
    """Publishes what a block left that failed by an error of the system."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            try:
                yield writer
            except OSError:
                cast("Upload", writer).publish()
                raise


@breaks("test_failed_block_leaves_nothing_readable_and_its_error_unchanged")
class Wrapping(FaithfulStorage):
    """Makes its own error of the block's."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            try:
                yield writer
            except ValueError as error:
                raise StorageError("the file could not be written") from error


@breaks("test_abandoned_block_leaves_nothing_readable")
class Closing(FaithfulStorage):
    """Publishes what was written when its block is abandoned."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            try:
                yield writer
            except GeneratorExit:
                cast("Upload", writer).publish()
                raise


@breaks("test_failed_block_whose_clean_up_fails_leaves_the_object_as_it_was")
class Collected(FaithfulStorage):
    """Publishes, when it is collected, what it could not remove."""

    class upload(Upload):  # noqa: N801
        is_ended = False

        def discard(self) -> None:
            with suppress(DriverError):
                self.store.abort(self.upload)
                self.is_ended = True

        def publish(self) -> None:
            super().publish()
            self.is_ended = True

        def __del__(self) -> None:
            if not self.is_ended:
                with suppress(DriverError, FileNotFoundError):
                    self.store.complete(self.upload, self.key)


@breaks("test_process_that_ends_with_open_writers_leaves_every_object_as_it_was")
class AtExit(FaithfulStorage):
    """Publishes what is open when the process ends."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            end = atexit.register(cast("Upload", writer).publish)
            try:
                yield writer
            finally:
                atexit.unregister(end)


@breaks("test_process_that_ends_with_open_writers_leaves_every_object_as_it_was")
class Waiting(FaithfulStorage):
    """Keeps the process from ending while a writer is open."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        is_ended = Event()
        Thread(target=is_ended.wait, args=(60,), daemon=False).start()
        try:
            with super().open_writer(key, content_type) as writer:
                yield writer
        finally:
            is_ended.set()


@breaks("test_second_write_replaces_the_whole_object")
class Appending(FaithfulStorage):
    """Appends to an existing object."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            with suppress(NotFoundError):
                self.rest[:0] = self.store.get(self.key)
            super().publish()


@breaks("test_object_stays_as_it_was_until_its_replacement_is_whole")
class RemovingFirst(FaithfulStorage):
    """Removes the old object when the new one is begun."""

    class upload(Upload):  # noqa: N801
        def begin(self) -> str:
            upload = super().begin()
            self.store.delete(self.key)
            return upload


@breaks("test_failed_replacement_leaves_the_object_as_it_was")
class RemovingAll(FaithfulStorage):
    """Removes the object with the upload that failed."""

    class upload(Upload):  # noqa: N801
        def discard(self) -> None:
            super().discard()
            with suppress(DriverError):
                self.store.delete(self.key)


@breaks("test_store_that_goes_away_during_a_write_leaves_the_object_as_it_was")
class Forgiving(FaithfulStorage):
    """Publishes without the part that could not be sent."""

    class upload(Upload):  # noqa: N801
        def send(self, data: bytes) -> None:
            with suppress(StorageUnavailableError):
                super().send(data)

        def publish(self) -> None:
            self.store.put(self.key, b"half")
            with suppress(StorageUnavailableError):
                super().publish()


@breaks("test_store_that_goes_away_during_a_write_leaves_the_object_as_it_was")
class RawParts(FaithfulStorage):
    """Raises the driver's errors in the middle of writing."""

    class upload(Upload):  # noqa: N801
        def send(self, data: bytes) -> None:
            self.store.put_part(self.upload, self.parts, data)
            self.parts += 1


@breaks("test_written_object_lies_in_the_store")
class Unflushed(FaithfulStorage):
    """Publishes without the last part."""

    class upload(Upload):  # noqa: N801
        def publish(self) -> None:
            self.rest.clear()
            super().publish()


@breaks("test_large_object_comes_back_whole")
class Disordered(FaithfulStorage):
    """Has its parts in the order of their names: 1, 10, 11, 2."""

    class upload(Upload):  # noqa: N801
        def send(self, data: bytes) -> None:
            number = self.parts
            self.parts = int(f"{number}".ljust(6, "0"))
            super().send(data)
            self.parts = number + 1


@breaks("test_writers_that_take_turns_leave_the_whole_object_of_the_last_one")
class Mixing(FaithfulStorage):
    """Has the parts of all writers of a key in one place, by their numbers."""

    class upload(Upload):  # noqa: N801
        def begin(self) -> str:
            with self.storage.errors("the file could not be written"):
                self.store.names()
            name = self.key.replace("/", "~")
            (self.store.uploads / name).mkdir(parents=True, exist_ok=True)
            return name

        def publish(self) -> None:
            # Another writer may have ended.
            (self.store.uploads / self.upload).mkdir(exist_ok=True)
            super().publish()

        def send(self, data: bytes) -> None:
            (self.store.uploads / self.upload).mkdir(exist_ok=True)
            super().send(data)


@breaks("test_failed_writer_leaves_what_another_one_has_published")
class Restoring(FaithfulStorage):
    """Puts back, after a failure, the object of the beginning."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        check_key(key)
        found: bytes | None = None
        with suppress(DriverError):
            found = self.store.get(key)
        try:
            with super().open_writer(key, content_type) as writer:
                yield writer
        except BaseException:
            with suppress(DriverError):
                if found is None:
                    self.store.delete(key)
                else:
                    self.store.put(key, found)
            raise


@breaks("test_another_thread_may_write")
class OneThread(FaithfulStorage):
    """Takes bytes from the thread only that opened it."""

    class upload(Upload):  # noqa: N801
        def __init__(self, storage: FaithfulStorage, key: str) -> None:
            super().__init__(storage, key)
            self.thread = get_ident()

        def write(self, data: bytes, /) -> None:
            if get_ident() != self.thread:
                raise StorageError("the file could not be written")
            super().write(data)


@breaks("test_concurrent_writers_and_deletes_of_neighbours_do_not_disturb_each_other")
class Shared(FaithfulStorage):
    """Removes the unfinished objects of neighbours with an object."""

    def delete(self, key: str) -> None:
        super().delete(key)
        for upload in self.store.begun():
            with suppress(FileNotFoundError):
                self.store.abort(upload)


@breaks("test_interrupted_writer_raises_and_publishes_nothing")
class Deaf(FaithfulStorage):
    """Publishes what was interrupted."""

    class upload(Upload):  # noqa: N801
        def interrupt(self) -> None:
            pass


# Readers


@breaks("test_object_is_read_from_any_byte_on")
class Unranged(FaithfulStorage):
    """Reads from the beginning, always."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, min(start, 0)) as stream:
            yield stream


@breaks("test_large_object_is_read_in_pieces_from_any_byte_on")
class Shifted(FaithfulStorage):
    """Reads from the byte before, behind the first MB."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start - (PART < start < 10 * PART)) as stream:
            yield stream


@breaks("test_object_is_read_from_any_byte_on")
class Bounded(FaithfulStorage):
    """Calls a start behind the end an error."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start) as stream:
            if start > self.store.length(key):
                raise StorageError("the storage does not have these bytes")
            yield stream


@breaks("test_negative_start_is_refused")
class Counting(FaithfulStorage):
    """Counts a negative start from the end."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start if start >= 0 else max(self.store.length(key) + start, 0)) as stream:
            yield stream


@breaks("test_absent_object_is_not_found")
class Inventing(FaithfulStorage):
    """Reads an absent object as an empty one."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        try:
            with super().open_reader(key, start) as stream:
                yield stream
        except ObjectNotFoundError:
            yield BytesIO()


@breaks("test_file_behind_a_reader_is_the_object")
class Decoding(FaithfulStorage):
    """Has the descriptor of a file that is not the object, byte for byte."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with TemporaryFile() as file, super().open_reader(key, start) as stream:
            file.write(b64encode(stream.read()))
            file.flush()
            file.seek(0)
            decoded = BytesIO(b64decode(file.read()))
            decoded.fileno = file.fileno  # type: ignore[method-assign]
            yield decoded


# Objects and keys


@breaks("test_deleted_object_is_gone_and_its_neighbours_stay")
class Sweeping(FaithfulStorage):
    """Deletes all keys that begin with the key."""

    def delete(self, key: str) -> None:
        for other in self.list(key):
            super().delete(other)
        super().delete(key)


@breaks("test_deleting_twice_or_what_never_was_is_fine")
class Strict(FaithfulStorage):
    """Refuses to delete what is absent."""

    def delete(self, key: str) -> None:
        check_key(key)
        with self.errors("the file could not be deleted"):
            self.store.length(key)
        super().delete(key)


@breaks("test_list_gives_the_keys_of_a_prefix_in_order")
class Unordered(FaithfulStorage):
    """Lists in the order of the store."""

    def list(self, prefix: str) -> Iterator[str]:
        return iter(sorted(super().list(prefix), reverse=True))


@breaks("test_list_gives_the_keys_of_a_prefix_in_order")
class Segmented(FaithfulStorage):
    """Lists below whole segments only."""

    def list(self, prefix: str) -> Iterator[str]:
        return (key for key in super().list(prefix) if not prefix or key.startswith(f"{prefix.rstrip('/')}/"))


@breaks("test_killed_writer_leaves_nothing_readable")
class Showing(FaithfulStorage):
    """Lists what is not finished."""

    def list(self, prefix: str) -> Iterator[str]:
        yield from super().list(prefix)
        with self.errors("the files could not be listed"):
            yield from (upload.partition("+")[0].replace("~", "/") for upload in self.store.begun())


@breaks("test_malformed_key_is_refused_by_every_method")
class Trusting(FaithfulStorage):
    """Deletes any key."""

    def delete(self, key: str) -> None:
        with self.errors("the file could not be deleted"), suppress(ValueError):
            self.store.delete(key)


@breaks("test_malformed_prefix_is_refused")
class TrustingPrefixes(FaithfulStorage):
    """Lists any prefix."""

    def list(self, prefix: str) -> Iterator[str]:
        return (key for key in super().list("") if key.startswith(prefix))


# What killed writers left


@breaks("test_what_a_killed_writer_left_is_discarded_once_and_counted")
class Forgetful(FaithfulStorage):
    """Discards nothing."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        return super().discard_stale(datetime.fromtimestamp(0, before.tzinfo), prefix=prefix)


@breaks("test_whole_objects_are_never_stale")
class Greedy(FaithfulStorage):
    """Discards whole objects too."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        found = super().discard_stale(before, prefix=prefix)
        for key in self.list(prefix):
            self.delete(key)
            found += 1
        return found


@breaks("test_what_was_written_to_since_is_not_stale")
class Impatient(FaithfulStorage):
    """Discards what is being written."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        return super().discard_stale(datetime.max.replace(tzinfo=before.tzinfo), prefix=prefix)


@breaks("test_only_what_is_below_the_prefix_is_discarded")
class Unbounded(FaithfulStorage):
    """Discards below all prefixes."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        return super().discard_stale(before)


# A store that is away

_SHOWN: Final = "test_failure_of_the_store_is_a_storage_error_that_can_be_shown"


@breaks(_SHOWN)
class RawWrites(FaithfulStorage):
    """Raises the driver's errors when it writes."""

    class upload(Upload):  # noqa: N801
        def begin(self) -> str:
            return self.store.begin(self.key)


@breaks(_SHOWN)
class RawReads(FaithfulStorage):
    """Raises the driver's errors when it reads."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_key(key)
        with suppress(NotFoundError):
            self.store.length(key)
        with super().open_reader(key, start) as stream:
            yield stream


@breaks("test_reader_of_a_store_that_goes_away_raises_a_storage_error_or_reads_everything")
class RawInTheMiddle(FaithfulStorage):
    """Raises the driver's errors in the middle of reading."""

    class reader(Reader):  # noqa: N801
        def get(self, length: int) -> bytes:
            return self.storage.store.get(self.key, self.position, length)


@breaks("test_reader_of_a_store_that_goes_away_raises_a_storage_error_or_reads_everything")
class Truncating(FaithfulStorage):
    """Calls a failure in the middle of reading the end of the object."""

    class reader(Reader):  # noqa: N801
        def get(self, length: int) -> bytes:
            try:
                return super().get(length)
            except StorageError:
                return b""


@breaks(_SHOWN)
class RawDeletes(FaithfulStorage):
    """Raises the driver's errors when it deletes."""

    def delete(self, key: str) -> None:
        check_key(key)
        self.store.delete(key)


@breaks(_SHOWN)
class HopefulDeletes(FaithfulStorage):
    """Says nothing when it could not delete."""

    def delete(self, key: str) -> None:
        with suppress(StorageUnavailableError):
            super().delete(key)


@breaks(_SHOWN)
class RawLists(FaithfulStorage):
    """Raises the driver's errors when it lists."""

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        return iter(sorted(key for key in self.store.names() if key.startswith(prefix)))


@breaks(_SHOWN)
class EmptyLists(FaithfulStorage):
    """Lists nothing while the store is away."""

    def list(self, prefix: str) -> Iterator[str]:
        with suppress(StorageUnavailableError):
            yield from super().list(prefix)


@breaks("test_failed_discarding_is_a_storage_error")
class RawDiscarding(FaithfulStorage):
    """Raises the driver's errors when it discards."""

    def discard_stale(self, before: datetime, *, prefix: str = "") -> int:
        self.store.begun()
        return super().discard_stale(before, prefix=prefix)


@breaks("test_link_is_made_or_its_failure_is_a_storage_error")
class RawLinks(FaithfulStorage):
    """Raises the driver's errors when it makes a link."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        check_key(key)
        self.store.names()
        return super().signed_url(key, file_name=file_name, content_type=content_type, expires_in=expires_in)


@breaks(_SHOWN)
class Quoting(FaithfulStorage):
    """Shows what the driver said."""

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        try:
            with super().errors(failed):
                yield
        except StorageUnavailableError as error:
            raise StorageUnavailableError(f"{failed}: {error.__cause__}") from error.__cause__


@breaks("test_object_is_not_called_missing_while_the_store_is_away")
class Denying(FaithfulStorage):
    """Calls an object missing that it cannot reach."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        try:
            with super().open_reader(key, start) as stream:
                yield stream
        except StorageUnavailableError as error:
            raise ObjectNotFoundError("the file is not in the storage any more") from error


@breaks("test_check_finds_that_the_store_is_away")
class Confident(FaithfulStorage):
    """Finds no problem."""

    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        return ()


@breaks("test_place_is_not_there_while_the_store_is_away")
class Assuming(FaithfulStorage):
    """Says that the place is there without a look."""

    def require_there(self) -> None:
        pass


@breaks("test_store_is_used_again_when_it_is_back")
class Broken(FaithfulStorage):
    """Fails for ever once it has failed."""

    has_failed = False

    @contextmanager
    def errors(self, failed: str) -> Iterator[None]:
        if self.has_failed:
            raise StorageUnavailableError(f"{failed}: the storage cannot be reached")
        try:
            with super().errors(failed):
                yield
        except StorageUnavailableError:
            self.has_failed = True
            raise


# Places


@breaks("test_place_is_a_url_without_credentials_that_a_list_of_urls_can_hold")
class Telling(FaithfulStorage):
    """Tells its password."""

    @property
    def place(self) -> str:
        return super().place.replace("://", "://user:secret@")


@breaks("test_storage_that_is_opened_at_the_place_has_the_same_objects")
class Moving(FaithfulStorage):
    """Opens its place one folder deeper."""

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        return cls(FaithfulStorage.from_url(url, settings).store.folder / "deeper")


@breaks("test_place_is_the_same_with_a_slash_at_its_end")
class Slashed(FaithfulStorage):
    """Has two names for one place."""

    end = ""

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        storage = super().from_url(url, settings)
        storage.end = "/" * url.endswith("/")
        return storage

    @property
    def place(self) -> str:
        return super().place + self.end


@breaks("test_another_prefix_is_another_place")
class Flat(FaithfulStorage):
    """Keeps all prefixes in one folder."""

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        folder = FaithfulStorage.from_url(url, settings).store.folder
        return cls(folder.with_name(folder.name.removesuffix("-another")))


@breaks("test_storage_is_at_its_own_place_only")
class Everywhere(FaithfulStorage):
    """Is at every place."""

    def is_at(self, place: str) -> bool:
        return True


# Links

_HEADERS: Final = "test_signed_url_serves_a_file_of_its_name_and_type_that_no_cache_keeps"


@breaks("test_signed_url_serves_the_object")
class Misleading(FaithfulStorage):
    """Links to another object."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        self.store.put("exports/other", b"other")
        return "exports/other", query


@breaks(_HEADERS)
class Nameless(FaithfulStorage):
    """Links to a file without a name."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"Content-Disposition": "attachment"}


@breaks(_HEADERS)
class Injected(FaithfulStorage):
    """Takes any character into the name."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        self.file_name = file_name
        return super().signed_url(key, file_name=file_name, content_type=content_type, expires_in=expires_in)

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"Content-Disposition": f'attachment; filename="{self.file_name}"'}


@breaks(_HEADERS)
class Typeless(FaithfulStorage):
    """Links to a file of no type."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"Content-Type": "application/octet-stream"}


@breaks(_HEADERS)
class Cached(FaithfulStorage):
    """Lets caches keep the file."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"Cache-Control": "public"}


@breaks("test_signed_url_is_valid_as_long_as_it_was_asked_for")
class LongLived(FaithfulStorage):
    """Makes every link valid for a week."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"expires": f"{time() + 7 * 86_400:.3f}"}


@breaks("test_signed_url_is_for_one_object_only")
class Generous(FaithfulStorage):
    """Signs for all of the store."""

    def link(self, key: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        return key, query | {"scope": "store"}


@breaks("test_signed_url_of_a_malformed_key_is_refused")
class TrustingLinks(FaithfulStorage):
    """Links to any key."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        with suppress(InvalidKeyError):
            return super().signed_url(key, file_name=file_name, content_type=content_type, expires_in=expires_in)
        return "https://store.example/outside"
