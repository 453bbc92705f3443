"""An upload through a stream that publishes when it is closed: all is readable, or nothing, however it ends."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Iterator
from threading import Event, Thread
from time import monotonic
from typing import IO, TYPE_CHECKING, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smart_open.utils import FileLikeProxy

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.driver_errors import DriverErrors
from ticket_export.infrastructure.storage.bases.stream_upload import StreamUpload, Target, Written
from ticket_export.infrastructure.storage.bases.upload import uploading

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PART = 10
_LONG = 30.0
_OLD = b"of before"


class Away(Exception):
    pass


class Gone(Exception):
    pass


class Refused(Exception):
    pass


class WrongChecksum(Exception):
    code = 200


Fault = Callable[[Callable[[], object]], object]


def before(error: type[Exception]) -> Fault:
    """The call fails, and has no effect."""

    def fail(call: Callable[[], object]) -> None:
        raise error

    return fail


def after(error: type[Exception]) -> Fault:
    """The call has its effect, and fails."""

    def fail(call: Callable[[], object]) -> None:
        call()
        raise error

    return fail


@attrs.define
class Store:
    """One object. `faults` says what happens to the first call of a name."""

    data: bytes | None = None
    parts: list[bytes] = attrs.field(factory=list)
    calls: list[str] = attrs.field(factory=list)
    faults: dict[str, Fault] = attrs.field(factory=dict)

    def call(self, name: str, effect: Callable[[], object]) -> None:
        self.calls.append(name)
        fault = self.faults.pop(name, None)
        if fault is None:
            effect()
        else:
            fault(effect)

    def publish(self, parts: list[bytes]) -> None:
        self.data = b"".join(parts)


class Stream(io.RawIOBase):
    """As smart-open's: it sends whole parts, and publishes when it is closed, also when Python closes it."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._parts: list[bytes] = []
        self._begun = b""
        self._is_terminated = False

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        written = bytes(data)
        self._begun += written
        if len(self._begun) >= _PART:
            self._send()
        return len(written)

    def _send(self) -> None:
        part, self._begun = self._begun, b""
        self._store.call("write", lambda: self._parts.append(part))
        self._store.parts.append(part)

    def terminate(self) -> None:
        self._store.call("terminate", lambda: setattr(self, "_is_terminated", True))

    def close(self) -> None:
        if not (self.closed or self._is_terminated):
            if self._begun:
                self._send()
            self._store.call("close", lambda: self._store.publish(self._parts))
            super().close()


class Object(Target):
    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def errors(self) -> DriverErrors:
        return DriverErrors(missing=(Gone,), refused=(Refused,), trouble=(Away,))

    def open(self) -> FileLikeProxy:
        self._store.call("open", lambda: None)
        stream = cast("IO[bytes]", Stream(self._store))
        # What smart-open returns.
        return FileLikeProxy(stream, stream)

    def complete(self, close: Callable[[], object], written: Written) -> None:
        close()

    def discard(self, stream: Stream, close: Callable[[], object]) -> None:
        stream.terminate()

    def contains(self, written: Written) -> bool:
        self._store.call("read", lambda: None)
        return self._store.data is not None and Written().and_then(self._store.data) == written

    def remove(self) -> None:
        self._store.call("remove", lambda: setattr(self._store, "data", None))

    def require_store(self, failed: str) -> None:
        with self.errors(failed):
            self._store.call("require", lambda: None)


def upload_to(store: Store) -> StreamUpload:
    return StreamUpload(Object(store), part_bytes=_PART)


def write(store: Store, *blocks: bytes) -> None:
    with uploading(upload_to(store)) as writer:
        for block in blocks:
            writer.write(block)


@given(st.lists(st.binary(max_size=35), max_size=6))
def test_object_is_what_was_written_in_parts_of_one_size(blocks: list[bytes]) -> None:
    store, data = Store(), b"".join(blocks)
    write(store, *blocks)
    assert store.data == data
    assert store.parts == [data[start : start + _PART] for start in range(0, len(data), _PART)]
    assert (store.calls[0], store.calls[-1]) == ("open", "close")


def test_nothing_is_readable_before_the_block_ends() -> None:
    store = Store(_OLD)
    with uploading(upload_to(store)) as writer:
        for _ in range(5):
            writer.write(b"x" * _PART)
            assert store.data == _OLD
    assert store.data == b"x" * 5 * _PART


def test_failed_block_discards_what_was_sent_and_keeps_what_was_there() -> None:
    store = Store(_OLD)
    with pytest.raises(ValueError, match="the block's own"), uploading(upload_to(store)) as writer:
        writer.write(b"x" * 3 * _PART)
        raise ValueError("the block's own")
    assert (store.data, store.calls) == (_OLD, ["open", "write", "write", "terminate"])


def test_block_that_fails_before_a_part_is_full_never_reaches_the_store() -> None:
    store = Store()
    with pytest.raises(ValueError, match="the block's own"), uploading(upload_to(store)) as writer:
        writer.write(b"x" * _PART)
        raise ValueError("the block's own")
    assert store.calls == []


@pytest.mark.parametrize("step", ["write", "close"])
@pytest.mark.parametrize(
    "termination", [None, before(Away), before(Refused)], ids=["terminated", "termination away", "termination refused"]
)
def test_stream_that_python_closes_after_a_failure_publishes_nothing(step: str, termination: Fault | None) -> None:
    store = Store(_OLD, faults={step: before(Refused)})
    if termination is not None:
        store.faults["terminate"] = termination
    with pytest.raises(StorageError, match=r"^the file could not be written: the storage refuses access$"):
        write(store, b"x" * 3 * _PART)
    gc.collect()
    assert store.data == _OLD
    assert store.calls.count("close") == (step == "close")


def test_abandoned_writer_publishes_nothing_when_it_is_collected() -> None:
    store = Store()

    def begin() -> Iterator[ObjectWriter]:
        with uploading(upload_to(store)) as writer:
            writer.write(b"x" * 3 * _PART)
            yield writer

    abandoned: list[object] = [begin()]
    next(cast("Iterator[ObjectWriter]", abandoned[0]))
    abandoned.append(abandoned)
    del abandoned
    gc.collect()
    assert (store.data, store.calls[-1]) == (None, "terminate")


def test_failed_termination_is_logged_and_the_first_error_comes_out(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(faults={"terminate": before(Refused)})
    with pytest.raises(ValueError, match="the block's own"), uploading(upload_to(store)) as writer:
        writer.write(b"x" * 3 * _PART)
        raise ValueError("the block's own")
    assert "what was written of an export was left to the storage" in caplog.text


@pytest.mark.parametrize("step", ["open", "write", "close"])
def test_store_that_is_away_loses_the_attempt_and_is_not_asked_to_discard(step: str) -> None:
    store = Store(faults={step: before(Away)})
    with pytest.raises(StorageUnavailableError, match="cannot be reached"):
        write(store, b"x" * 3 * _PART)
    assert (store.data, "terminate" in store.calls) == (None, False)


def test_error_of_a_part_comes_out_of_a_later_write() -> None:
    store = Store(faults={"write": before(Refused)})
    with pytest.raises(StorageError, match="refuses access"), uploading(upload_to(store)) as writer:
        for _ in range(1_000):
            writer.write(b"x" * _PART)
        pytest.fail("nothing came out")
    assert store.calls == ["open", "write", "terminate"]


@pytest.mark.parametrize("error", [Away, Refused])
def test_lost_answer_to_the_closing_is_replaced_by_a_look_at_the_object(error: type[Exception]) -> None:
    store = Store(_OLD, faults={"close": after(error)})
    write(store, b"new " * _PART)
    assert (store.data, store.calls[-1]) == (b"new " * _PART, "read")


@pytest.mark.parametrize("old", [None, b"x", b"y" * 3 * _PART, b"x" * 4 * _PART])
def test_closing_that_had_no_effect_fails_whatever_was_there(old: bytes | None) -> None:
    store = Store(old, faults={"close": before(Away)})
    with pytest.raises(StorageUnavailableError, match="cannot be reached"):
        write(store, b"x" * 3 * _PART)
    assert (store.data, store.calls[-1]) == (old, "read")


def test_closing_of_which_nobody_knows_fails_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(faults={"close": after(Away), "read": before(Away)})
    with pytest.raises(StorageUnavailableError, match="could not be written"):
        write(store, b"x" * 3 * _PART)
    assert "it is not known whether a file was published" in caplog.text


def test_other_bytes_than_those_that_were_sent_are_removed() -> None:
    def damage(call: Callable[[], object]) -> None:
        store.data = b"damaged"
        raise WrongChecksum

    store = Store(faults={"close": damage})
    with pytest.raises(StorageError, match="could not be written"):
        write(store, b"x" * 3 * _PART)
    assert (store.data, store.calls[-1]) == (None, "remove")


def test_store_that_has_lost_the_beginning_loses_the_attempt() -> None:
    store = Store(faults={"close": before(Gone)})
    with pytest.raises(StorageUnavailableError, match="the storage has lost the beginning of it"):
        write(store, b"x" * 3 * _PART)
    assert store.data is None


def test_store_that_has_lost_the_first_part_loses_the_attempt() -> None:
    store = Store(faults={"write": before(Gone)})
    with pytest.raises(StorageUnavailableError, match="the storage has lost the beginning of it"):
        write(store, b"x" * 3 * _PART)
    assert store.data is None


def test_bucket_that_is_missing_at_the_first_part_fails_the_export() -> None:
    store = Store(faults={"write": before(Gone), "require": before(Gone)})
    with pytest.raises(StorageError, match="does not exist") as caught:
        write(store, b"x" * 3 * _PART)
    assert not isinstance(caught.value, StorageUnavailableError)


def test_store_that_was_never_there_fails_the_export() -> None:
    store = Store(faults={"open": before(Gone)})
    with pytest.raises(StorageError, match="does not exist") as caught:
        write(store, b"x")
    assert not isinstance(caught.value, StorageUnavailableError)


@pytest.mark.parametrize("is_published", [True, False])
def test_object_of_an_interrupted_upload_is_removed_when_the_answer_comes(is_published: bool) -> None:
    is_closing, may_answer = Event(), Event()

    def hold(call: Callable[[], object]) -> None:
        is_closing.set()
        assert may_answer.wait(_LONG)
        if not is_published:
            raise Refused
        call()

    store = Store(faults={"close": hold})
    upload = upload_to(store)

    def interrupt(writer: SupportsInterrupt) -> None:
        assert is_closing.wait(_LONG)
        writer.interrupt()
        may_answer.set()

    with pytest.raises(StorageError, match="could not be written"), uploading(upload) as writer:
        assert isinstance(writer, SupportsInterrupt)
        interrupter = Thread(target=interrupt, args=(writer,), daemon=True)
        interrupter.start()
        writer.write(b"x" * 3 * _PART)
    interrupter.join(_LONG)
    with pytest.raises(StorageError, match="could not be written"):
        writer.write(b"more")
    assert (store.data, store.calls[-1]) == (None, "remove" if is_published else "terminate")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_process_that_is_to_end_does_not_wait_for_a_silent_store(error: type[BaseException]) -> None:
    is_sending, may_answer = Event(), Event()

    def hold(call: Callable[[], object]) -> None:
        is_sending.set()
        assert may_answer.wait(_LONG)
        call()

    store = Store(faults={"write": hold})
    began_at = monotonic()
    try:
        with pytest.raises(error), uploading(upload_to(store)) as writer:
            writer.write(b"x" * 2 * _PART)
            assert is_sending.wait(_LONG)
            raise error
        assert monotonic() - began_at < _LONG / 2
    finally:
        may_answer.set()
