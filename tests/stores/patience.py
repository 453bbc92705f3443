"""Tests of a store that is away or silent: every call ends within the patience, and not much later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Final

import pytest

from tests.cut_proxy import CutProxy
from tests.endings.scene import wait_for_uploads
from tests.stores.served_store import Place, free_port
from ticket_export.errors import StorageUnavailableError
from ticket_export.storage import ExportStorage, SmartOpenStorage
from ticket_export.testing.storage import CONTENT_TYPE, KEY, read, write

#: Seconds of patience, and those that nobody may wait for then on a busy machine: one try and its pause may begin at
#: the end of the patience. By themselves the drivers try for more than 80 s.
PATIENCE: Final = 2.0
TOO_LONG: Final = 20.0

CALLS: Final[dict[str, Callable[[ExportStorage], object]]] = {
    "write": lambda storage: write(storage, KEY, b"never"),
    "read": lambda storage: read(storage, KEY),
    "delete": lambda storage: storage.delete(KEY),
    "list": lambda storage: list(storage.list("")),
}


def impatient(place: Place, port: int) -> ExportStorage:
    """Return the storage behind that port, with little patience."""
    return place.storage(port=port, patience=timedelta(seconds=PATIENCE))


def fails_in_time(name: str, storage: ExportStorage) -> None:
    """Make the call, which must find that the storage cannot be reached."""
    # A writer also looks for its file, since perhaps only the answer was lost.
    calls = 2 if name == "write" else 1
    began_at = monotonic()
    with pytest.raises(StorageUnavailableError, match="the storage cannot be reached"):
        CALLS[name](storage)
    assert monotonic() - began_at < calls * TOO_LONG


class PatienceContract:
    """The tests of every store; a subclass overrides the two fixtures."""

    @pytest.fixture
    def place(self) -> Place:
        """An empty place."""
        raise NotImplementedError

    @pytest.fixture
    def proxy(self) -> Iterator[CutProxy]:
        """A network to the store that can be cut."""
        raise NotImplementedError

    @pytest.mark.parametrize("name", CALLS)
    def test_store_that_is_away_from_the_start_is_given_up_in_time(self, place: Place, name: str) -> None:
        fails_in_time(name, impatient(place, free_port()))

    @pytest.mark.parametrize("name", CALLS)
    def test_silent_store_is_given_up_in_time(self, place: Place, proxy: CutProxy, name: str) -> None:
        place.put(KEY, b"there")
        storage = impatient(place, proxy.port)
        proxy.silence()
        fails_in_time(name, storage)

    @pytest.mark.parametrize("end", [Exception, None], ids=["its block fails", "it is published"])
    @pytest.mark.parametrize("is_idle", [True, False], ids=["between two parts", "in a part"])
    def test_writer_whose_store_falls_silent_ends_in_time(
        self, place: Place, proxy: CutProxy, end: type[Exception] | None, is_idle: bool
    ) -> None:
        storage = impatient(place, proxy.port)
        assert isinstance(storage, SmartOpenStorage)
        part = b"x" * storage.part_bytes
        began_at = monotonic()
        with pytest.raises(end or StorageUnavailableError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(part + b"y")
            if is_idle:
                # Then a driver may end the upload, and Google's has two minutes for that.
                wait_for_uploads()
            else:
                writer.write(part)
            proxy.silence()
            began_at = monotonic()
            if end:
                raise end
        # Publishing fails after the patience, and so does looking for the object, in case only the answer was lost.
        assert monotonic() - began_at < 2 * TOO_LONG
        proxy.mend()
        assert place.get(KEY) is None
