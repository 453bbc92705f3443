"""Plugins on the bases that break one promise each: what their authors give is wrong in one place."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote, unquote, urlsplit

from tests.contract.mutants.faithful_storage import DriverError, NotFoundError, Store
from tests.contract.mutants.registered_mutants import breaks, keeps_all
from ticket_export.settings import Settings
from ticket_export.storage import RenamingStorage, SmartOpenStorage, StoredFile, StoreLocation

_URL: Final = "faithful://"


class _Upload:
    """The stream for writing of `Plugin`."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.key = name
        self.upload = store.begin(name)
        self.parts = 0

    def write(self, data: memoryview) -> None:
        self.store.put_part(self.upload, self.parts, bytes(data))
        self.parts += 1

    def close(self) -> None:
        self.store.complete(self.upload, self.key)

    def terminate(self) -> None:
        self.store.abort(self.upload)


class _Stream:
    """The stream for reading of `Plugin`."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.key = name
        self.length, self.version = store.look(name)
        self.position = 0

    def read(self, size: int) -> bytes:
        data = self.store.get(self.key, self.position, size, self.version)
        self.position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.length}[whence] + offset
        return self.position

    def tell(self) -> int:
        return self.position

    def close(self) -> None:
        pass


@keeps_all
class Plugin(SmartOpenStorage[Store]):
    """An object store on the base, without a mistake."""

    provider = "faithful"
    missing: ClassVar[tuple[type[Exception], ...]] = (NotFoundError,)
    trouble = (DriverError,)
    part_bytes = 1024 * 1024
    upload_stream: ClassVar[type[_Upload]] = _Upload
    stream: ClassVar[type[_Stream]] = _Stream

    def __init__(self, folder: Path) -> None:
        super().__init__(StoreLocation("faithful", ""), lambda: Store(folder))
        self.folder = folder

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        return cls(Path(unquote(urlsplit(url).path)))

    @property
    def place(self) -> str:
        return _URL + quote(str(self.folder)).rstrip("/")

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> Any:
        return self.upload_stream(self.client, name) if mode == "wb" else self.stream(self.client, name)

    def remove(self, name: str) -> None:
        self.client.delete(name)

    def names(self, prefix: str) -> Iterable[str]:
        return sorted(name for name in self.client.names() if name.startswith(prefix))


@breaks("test_nothing_is_readable_before_the_block_ends")
class PublishingPlugin(Plugin):
    """Shows an object with its first part."""

    class upload_stream(_Upload):  # noqa: N801
        def write(self, data: memoryview) -> None:
            super().write(data)
            self.store.put(self.key, bytes(data))


@breaks("test_failed_block_of_several_parts_leaves_nothing_readable")
class TerminatingPlugin(Plugin):
    """Publishes what it should remove."""

    class upload_stream(_Upload):  # noqa: N801
        def terminate(self) -> None:
            super().close()


@breaks("test_collected_writer_leaves_nothing_readable")
class CollectedPlugin(Plugin):
    """Publishes when its stream is collected, whatever the base has taken away."""

    class upload_stream(_Upload):  # noqa: N801
        is_over = False

        def __init__(self, store: Store, name: str) -> None:
            super().__init__(store, name)
            # Not by the name that the base replaces.
            self.finish = super().close

        def close(self) -> None:
            self.is_over = True
            super().close()

        def terminate(self) -> None:
            pass

        def __del__(self) -> None:
            if not self.is_over:
                self.finish()


@breaks("test_large_object_comes_back_whole")
class LosingPlugin(Plugin):
    """Writes every part to the place of the first one from the tenth part on."""

    class upload_stream(_Upload):  # noqa: N801
        def write(self, data: memoryview) -> None:
            super().write(data)
            self.parts %= 10


@breaks("test_writers_that_take_turns_leave_the_whole_object_of_the_last_one")
class MixingPlugin(Plugin):
    """Has one upload for all writers of a key."""

    class upload_stream(_Upload):  # noqa: N801
        uploads: ClassVar[dict[str, str]] = {}

        def __init__(self, store: Store, name: str) -> None:
            super().__init__(store, name)
            path = f"{store.folder}/{name}"
            self.upload = self.uploads.setdefault(path, self.upload)
            self.path = path

        def close(self) -> None:
            self.uploads.pop(self.path, None)
            super().close()

        def terminate(self) -> None:
            self.uploads.pop(self.path, None)
            super().terminate()


@breaks("test_more_names_than_a_page_are_listed_once_and_in_order")
class PagePlugin(Plugin):
    """Asks for one page of names."""

    def names(self, prefix: str) -> Iterable[str]:
        return [*super().names(prefix)][:1_000]


@breaks("test_list_of_a_store_that_goes_away_raises_a_storage_error_or_has_every_name")
class QuietPagesPlugin(Plugin):
    """Ends the list where the second page fails."""

    def names(self, prefix: str) -> Iterator[str]:
        found = [*super().names(prefix)]
        yield from found[:1_000]
        if not self.client.away.exists():
            yield from found[1_000:]


@breaks("test_list_gives_the_keys_of_a_prefix_in_order")
class UnorderedPlugin(Plugin):
    """Lists in the order of the store."""

    def names(self, prefix: str) -> Iterable[str]:
        return [*super().names(prefix)][::-1]


@breaks("test_object_is_not_called_missing_while_the_store_is_away")
class MissingPlugin(Plugin):
    """Names the most general error as that of what is missing, and lists nothing then."""

    missing = (DriverError,)

    def names(self, prefix: str) -> Iterable[str]:
        try:
            return super().names(prefix)
        except DriverError:
            return []


@breaks("test_failure_of_the_store_is_a_storage_error_that_can_be_shown")
class HopefulPlugin(Plugin):
    """Says nothing when it could not delete."""

    def remove(self, name: str) -> None:
        with suppress(DriverError):
            super().remove(name)


@breaks("test_object_is_read_from_any_byte_on")
class UnseekablePlugin(Plugin):
    """Ignores where it should read."""

    class stream(_Stream):  # noqa: N801
        def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
            super().seek(offset, whence)
            position, self.position = self.position, 0
            return position

        def tell(self) -> int:
            return self.length


@breaks("test_stored_object_is_read")
class TextPlugin(Plugin):
    """Reads texts."""

    class stream(_Stream):  # noqa: N801
        def read(self, size: int) -> bytes:
            return super().read(size).replace(b"\r\n", b"\n")


@breaks("test_large_object_comes_back_whole")
class ShortPlugin(Plugin):
    """Reads the first 16 MB of an object."""

    class stream(_Stream):  # noqa: N801
        def read(self, size: int) -> bytes:
            return super().read(max(min(size, 16_000_000 - self.position), 0))


@breaks("test_reader_of_an_object_that_is_replaced_or_deleted_reads_all_of_it_or_raises")
class MixedPlugin(Plugin):
    """Reads on in the object that has replaced the one that was opened."""

    class stream(_Stream):  # noqa: N801
        def read(self, size: int) -> bytes:
            self.version = self.store.look(self.key)[1]
            return super().read(size)


@keeps_all
class FolderPlugin(RenamingStorage[Path]):
    """A file system on the base, without a mistake: the objects of the faithful storage."""

    provider = "faithful"
    missing = (FileNotFoundError,)
    trouble = (DriverError,)
    part_bytes = 1024 * 1024

    def __init__(self, folder: Path) -> None:
        super().__init__(StoreLocation("faithful", ""), lambda: folder / "objects")
        self.folder = folder

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Self:
        return cls(Path(unquote(urlsplit(url).path)))

    @property
    def place(self) -> str:
        return _URL + quote(str(self.folder)).rstrip("/")

    def file(self, name: str) -> Path:
        if (self.folder / "away").exists():
            raise DriverError("no route to 10.0.0.1, as root:secret")
        return self.client / name

    def open_stream(self, name: str, mode: str, content_type: str | None = None) -> Any:
        return self.file(name).open(mode)

    def make_folder(self) -> None:
        self.client.mkdir(parents=True, exist_ok=True)

    def names(self, prefix: str) -> Iterable[str]:
        return [file.name for file in self.file("").iterdir() if file.name.startswith(prefix)]

    def stat(self, name: str) -> StoredFile:
        found = self.file(name).stat()
        return StoredFile(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def rename(self, name: str, new_name: str) -> None:
        self.file(name).replace(self.file(new_name))

    def remove(self, name: str) -> None:
        self.file(name).unlink()


@breaks("test_second_write_replaces_the_whole_object")
class LinkingFolder(FolderPlugin):
    """Does not rename to a name that there is already."""

    def rename(self, name: str, new_name: str) -> None:
        if self.file(new_name).exists():
            self.remove(name)
        else:
            super().rename(name, new_name)


@breaks("test_replaced_object_is_readable_at_every_moment")
class CopyingFolder(FolderPlugin):
    """Copies where it should rename."""

    def rename(self, name: str, new_name: str) -> None:
        shutil.copyfile(self.file(name), self.file(new_name))
        self.remove(name)


@breaks("test_replaced_object_is_readable_at_every_moment")
class UnlinkingFolder(FolderPlugin):
    """Removes the old file before it renames, as for a server whose rename does not replace."""

    def rename(self, name: str, new_name: str) -> None:
        self.file(new_name).unlink(missing_ok=True)
        sleep(0.005)
        super().rename(name, new_name)


@breaks("test_failed_discarding_is_a_storage_error")
class EmptyFolder(FolderPlugin):
    """Lists nothing while the store is away."""

    def names(self, prefix: str) -> Iterable[str]:
        return [] if (self.folder / "away").exists() else super().names(prefix)


@breaks("test_what_is_stale_does_not_depend_on_the_time_zone")
class ZonedFolder(FolderPlugin):
    """Takes the time of the zone of its process for UTC."""

    def stat(self, name: str) -> StoredFile:
        found = super().stat(name)
        return StoredFile(found.length, found.changed.astimezone().replace(tzinfo=UTC))


@breaks("test_place_is_not_there_while_the_store_is_away")
class TrustingFolder(FolderPlugin):
    """Says that the place is there without a look."""

    def require_there(self) -> None:
        pass
