"""What the author of a storage gives to the tests of its contract: the storage, and ways around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from threading import Thread
from typing import ClassVar, Final, Generic, TypeVar
from urllib.parse import urlsplit

import pytest

from ticket_export.application.ports.export_storage import ExportStorage, SupportsDiscardStale
from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.infrastructure.storage.registry import known_schemes, open_storage
from ticket_export.settings import Settings

S = TypeVar("S", bound=ExportStorage)

CONTENT_TYPE: Final = "text/csv; charset=utf-8"
KEY: Final = "exports/job/1/tickets.csv"
OTHER_KEY: Final = "exports/job/2/tickets.csv"
#: Longer than the clocks of store and test may differ.
LONG: Final = timedelta(hours=6)
#: Seconds for what must end, on a machine that is busy with other tests.
PATIENCE: float = 60

#: Keys that no storage may accept: each leaves a root folder, or has two meanings on two systems.
MALFORMED_KEYS: Final = (
    "",
    "/",
    "/etc/passwd",
    ".",
    "..",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    "a/..",
    "a\\..\\..\\outside",
    "C:/outside",
    "C:outside",
    "a/b:stream",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\udcffb",
    "~/outside",
    "//host/share",
    "file:///outside",
    "x" * 256,
    "/".join(["x" * 200] * 6),
)


_SECRET: Final = re.compile(r"PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|CONNECTION_STRING|_KEY$")


class Abandoned(BaseException):
    """An error that ends a block as a signal does: ``except Exception`` does not catch it."""


def write(storage: ExportStorage, key: str, *blocks: bytes) -> None:
    """Store an object through the adapter."""
    with storage.open_writer(key, CONTENT_TYPE) as writer:
        for block in blocks:
            writer.write(block)


def read(storage: ExportStorage, key: str, start: int = 0) -> bytes:
    """Read an object through the adapter, from its byte number `start` on."""
    with storage.open_reader(key, start) as stream:
        return stream.read()


class StoreBackDoor(Generic[S]):
    """The hooks of `StorageContract`. Those that raise `NotImplementedError` must be overridden."""

    #: A number of bytes that is more than two parts of the store, which are 12 MiB on `SmartOpenStorage`.
    several_parts: ClassVar[int] = 26_000_000

    @pytest.fixture
    def storage(self) -> S:
        """The adapter under test, on an empty store."""
        raise NotImplementedError("override the fixture `storage`")

    def put_behind(self, storage: S, key: str, data: bytes) -> None:
        """Store an object without the adapter."""
        raise NotImplementedError

    def get_behind(self, storage: S, key: str) -> bytes | None:
        """The object in the store, read without the adapter, or None."""
        raise NotImplementedError

    def away_behind(self, storage: S) -> AbstractContextManager[object]:
        """Return a block in which all calls to the store fail; after it, they work again on the same objects.

        Stop the server, cut the connection, or refuse the credentials. The storage of the fixture should give up within
        seconds, since every test of a store that is away waits for it.
        """
        pytest.skip(f"{type(self).__name__} does not override away_behind")

    def environment(self, storage: S) -> Mapping[str, str]:
        """Return the variables that another process needs to open the `place` of this storage.

        It inherits those of this process too.
        """
        return {}

    def secrets(self, storage: S) -> Sequence[str]:
        """Return what nobody may see: the variables of `environment` that are named as secrets are."""
        variables = self.environment(storage)
        return [text for name, text in variables.items() if _SECRET.search(name.upper()) and text]

    def another_place(self, storage: S) -> str:
        """Return the URL of an empty place next to this storage: by default its prefix with an ending.

        The tests delete their objects there. An empty folder may stay.
        """
        root, mark, query = storage.place.partition("?")
        has_prefix = urlsplit(storage.place).path.strip("/") != ""
        return f"{root.rstrip('/')}{'-another' if has_prefix else '/another'}{mark}{query}"

    @contextmanager
    def opened(self, storage: S, place: str) -> Iterator[ExportStorage]:
        """Yield the storage at `place`, as a process opens it that has the variables of `environment`."""
        self.require_scheme(storage)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment(storage).items():
                patch.setenv(name, value)
            yield open_storage(Settings.load(storage_url=place))

    def require_scheme(self, storage: S) -> None:
        """Skip the test if no installed package opens the places of this storage, such as those in memory."""
        scheme = urlsplit(storage.place).scheme
        if scheme not in known_schemes():
            pytest.skip(f"no installed package has an entry point for {scheme}://, so no process can open the place")

    def large_object(self, number: int = 0) -> bytes:
        """Return bytes for several parts; those of two numbers are the same at no place."""
        return _random_bytes(number, self.several_parts)

    def sweep(self, storage: S) -> None:
        """Remove what was left by a writer that could not do so itself."""
        if isinstance(storage, SupportsDiscardStale):
            storage.discard_stale(datetime.now(UTC) + LONG)
            assert storage.discard_stale(datetime.now(UTC) + LONG) == 0

    def assert_absent(self, storage: S, key: str) -> None:
        """Nothing can be read under `key`, in any way."""
        assert self.get_behind(storage, key) is None
        assert key not in list(storage.list(""))
        with pytest.raises(ObjectNotFoundError):
            read(storage, key)

    def assert_object(self, storage: S, key: str, data: bytes | None) -> None:
        """The object under `key` is `data`, or there is none."""
        if data is None:
            self.assert_absent(storage, key)
        else:
            assert_same(self.get_behind(storage, key), data)
            assert_same(read(storage, key), data)


def require_text_to_show(storage: ExportStorage, error: StorageError, secrets: Sequence[str] = ()) -> None:
    """Users see the text, so the driver's own, which may have hosts, paths and users, is only in the log."""
    text = str(error)
    assert text
    assert storage.place not in text
    assert [secret for secret in secrets if secret in text] == []
    cause = error.__cause__
    if cause is not None and str(cause):
        assert str(cause) not in text
        # Words with digits and marks are hosts, paths, users and passwords.
        words = {word.strip(".:") for word in re.findall(r"[^\s'\"(),;=<>\[\]]{4,}", str(cause))}
        assert [word for word in words if not word.isalpha() and word in text] == []


def assert_same(found: bytes | None, expected: bytes) -> None:
    """Compare two large objects: a message with both would be as large."""
    length = None if found is None else len(found)
    assert length == len(expected)
    assert found == expected or pytest.fail("the bytes differ")


def assert_ends(call: Callable[[], object]) -> None:
    """Make a call that must end within `PATIENCE`; its error comes out."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            errors.append(error)

    # A daemon, so that a store that waits for ever fails this test only.
    calling = Thread(target=run, daemon=True)
    calling.start()
    calling.join(timeout=PATIENCE)
    assert not calling.is_alive()
    if errors:
        raise errors[0]


@lru_cache(maxsize=2)
def _random_bytes(number: int, length: int) -> bytes:
    return Random(number).randbytes(length)  # noqa: S311 - nobody must not guess it
