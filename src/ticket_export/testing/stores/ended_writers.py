"""The contract of an `ExportStorage` for writers, however they end: one whole object is readable, or nothing new."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import ObjectNotFoundError, StorageError
from ticket_export.testing.stores.store_back_door import (
    CONTENT_TYPE,
    KEY,
    Abandoned,
    S,
    StoreBackDoor,
    assert_same,
    read,
    require_text_to_show,
    write,
)


class EndedWritersContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    def test_nothing_is_readable_before_the_block_ends(self, storage: S) -> None:
        data = self.large_object()
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(data)
            self.assert_absent(storage, KEY)
            # Under no other name either.
            assert list(storage.list("")) == []
        assert_same(self.get_behind(storage, KEY), data)

    @pytest.mark.parametrize(
        "error_type",
        [ValueError, OSError, StopIteration, StorageError, ObjectNotFoundError, KeyboardInterrupt, Abandoned],
    )
    def test_failed_block_leaves_nothing_readable_and_its_error_unchanged(
        self, storage: S, error_type: type[BaseException]
    ) -> None:
        error = error_type("the block's own")
        with pytest.raises(error_type) as caught, storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(b"x" * 1_000_000)
            raise error
        assert caught.value is error
        self.assert_absent(storage, KEY)

    def test_failed_block_of_several_parts_leaves_nothing_readable(self, storage: S) -> None:
        with pytest.raises(Abandoned), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(self.large_object())
            raise Abandoned
        del writer
        gc.collect()
        self.assert_absent(storage, KEY)

    def test_abandoned_block_leaves_nothing_readable(self, storage: S) -> None:
        running = _export(storage, b"half")
        next(running)
        running.close()
        self.assert_absent(storage, KEY)

    def test_collected_writer_leaves_nothing_readable(self, storage: S) -> None:
        running = _export(storage, self.large_object())
        next(running)
        del running
        gc.collect()
        self.assert_absent(storage, KEY)

    def test_second_write_replaces_the_whole_object(self, storage: S) -> None:
        write(storage, KEY, b"a long first object")
        write(storage, KEY, b"second")
        assert self.get_behind(storage, KEY) == b"second"

    @pytest.mark.parametrize("is_large", [False, True], ids=["small", "of several parts"])
    def test_object_stays_as_it_was_until_its_replacement_is_whole(self, storage: S, is_large: bool) -> None:
        second = self.large_object() if is_large else b"second"
        write(storage, KEY, b"first")
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(second)
            self.assert_object(storage, KEY, b"first")
        assert_same(read(storage, KEY), second)

    @pytest.mark.parametrize("is_large", [False, True], ids=["small", "of several parts"])
    def test_failed_replacement_leaves_the_object_as_it_was(self, storage: S, is_large: bool) -> None:
        write(storage, KEY, b"first")
        with pytest.raises(Abandoned), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            writer.write(self.large_object() if is_large else b"second")
            raise Abandoned
        del writer
        gc.collect()
        self.assert_object(storage, KEY, b"first")

    @pytest.mark.parametrize("data", [b"", b"x" * 10_000_000], ids=["small", "large"])
    def test_interrupted_writer_raises_and_publishes_nothing(self, storage: S, data: bytes) -> None:
        with pytest.raises(StorageError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            if not isinstance(writer, SupportsInterrupt):
                pytest.skip(f"{type(writer).__name__} does not implement SupportsInterrupt")
            writer.write(data)
            writer.interrupt()
            writer.interrupt()
        self.assert_absent(storage, KEY)
        with pytest.raises(StorageError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            assert isinstance(writer, SupportsInterrupt)
            writer.interrupt()
            writer.write(b"more")
        self.assert_absent(storage, KEY)

    def test_interrupted_writer_raises_at_the_next_write_and_leaves_the_object_as_it_was(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"first")
        with pytest.raises(StorageError), storage.open_writer(KEY, CONTENT_TYPE) as writer:
            interrupt = self._interrupt_of(writer)
            writer.write(self.large_object())
            # As the library does: from another thread.
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(interrupt).result(timeout=60)
            for _ in range(2):
                with pytest.raises(StorageError):
                    writer.write(b"more")
        self.assert_object(storage, KEY, b"first")

    def test_interrupt_after_the_end_of_a_block_changes_nothing(self, storage: S) -> None:
        with storage.open_writer(KEY, CONTENT_TYPE) as writer:
            interrupt = self._interrupt_of(writer)
            writer.write(b"whole")
        interrupt()
        self.assert_object(storage, KEY, b"whole")
        write(storage, KEY, b"again")
        self.assert_object(storage, KEY, b"again")

    @pytest.mark.parametrize("expected", [b"whole", None], ids=["after success", "after a failure"])
    def test_write_after_the_block_changes_nothing(self, storage: S, expected: bytes | None) -> None:
        writers: list[ObjectWriter] = []
        with suppress(Abandoned), storage.open_writer(KEY, CONTENT_TYPE) as opened:
            writers.append(opened)
            writers[0].write(b"whole")
            if expected is None:
                raise Abandoned
        for late in (b"late", self.large_object()):
            with suppress(Exception):  # whatever the writer says to it
                writers[0].write(late)
        self.assert_object(storage, KEY, expected)
        writers.clear()
        opened = None  # type: ignore[assignment]
        gc.collect()
        self.assert_object(storage, KEY, expected)

    @pytest.mark.parametrize("blocks", [[b""], [b"", b"", b"one"], [b"one", b""]], ids=["only", "first", "last"])
    def test_empty_write_adds_nothing(self, storage: S, blocks: list[bytes]) -> None:
        write(storage, KEY, *blocks)
        self.assert_object(storage, KEY, b"".join(blocks))

    def _interrupt_of(self, writer: ObjectWriter) -> Callable[[], None]:
        if not isinstance(writer, SupportsInterrupt):
            pytest.skip(f"{type(writer).__name__} does not implement SupportsInterrupt")
        return writer.interrupt

    # While the store is away

    @pytest.mark.parametrize("first", [None, b"first"], ids=["new", "replacement"])
    def test_failed_block_whose_clean_up_fails_leaves_the_object_as_it_was(
        self, storage: S, first: bytes | None
    ) -> None:
        away = self.away_behind(storage)
        if first is not None:
            self.put_behind(storage, KEY, first)
        with (
            ExitStack() as until_it_is_back,
            pytest.raises(Abandoned),
            storage.open_writer(KEY, CONTENT_TYPE) as writer,
        ):
            writer.write(self.large_object())
            until_it_is_back.enter_context(away)
            raise Abandoned
        # A stream that publishes when it is closed is closed when it is collected, at the latest.
        del writer
        gc.collect()
        self.assert_object(storage, KEY, first)
        self.sweep(storage)

    @pytest.mark.parametrize("first", [None, b"first"], ids=["new", "replacement"])
    def test_store_that_goes_away_during_a_write_leaves_the_object_as_it_was(
        self, storage: S, first: bytes | None
    ) -> None:
        away = self.away_behind(storage)
        if first is not None:
            self.put_behind(storage, KEY, first)
        data = self.large_object(1), self.large_object(2)
        readable = first
        with ExitStack() as until_it_is_back:

            def export() -> None:
                with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                    writer.write(data[0])
                    until_it_is_back.enter_context(away)
                    writer.write(data[1])

            try:
                export()
                # A block without an error has published: an open file may still be writable.
                readable = b"".join(data)
            except StorageError as failure:
                require_text_to_show(storage, failure, self.secrets(storage))
        gc.collect()
        self.assert_object(storage, KEY, readable)
        self.sweep(storage)

    def test_write_that_failed_is_not_left_out_of_the_object(self, storage: S) -> None:
        away = self.away_behind(storage)
        data = self.large_object(1), self.large_object(2)

        def export() -> None:
            with storage.open_writer(KEY, CONTENT_TYPE) as writer:
                writer.write(data[0])
                with away, suppress(StorageError):
                    writer.write(data[1])
                # The block goes on, as if nothing was.
                writer.write(data[0])

        readable = None
        try:
            export()
            readable = b"".join((*data, data[0]))
        except StorageError as failure:
            require_text_to_show(storage, failure, self.secrets(storage))
        self.assert_object(storage, KEY, readable)
        self.sweep(storage)


def _export(storage: ExportStorage, data: bytes) -> Generator[None, None, None]:
    with storage.open_writer(KEY, CONTENT_TYPE) as writer:
        writer.write(data)
        yield
