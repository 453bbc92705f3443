"""Reading and writing go on beside each other, and neither can leave the other waiting for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread, current_thread, main_thread
from threading import enumerate as enumerate_threads

import pytest

from ticket_export.application.ports.file_format import RowBlock
from ticket_export.application.run.write_behind import Step, WriteBehind
from ticket_export.errors import (
    LeaseLostError,
    ListenerStuckError,
    StorageError,
    StorageUnavailableError,
    TicketSourceError,
)

# Seconds; only a failing test waits for so long.
PATIENCE = 60.0
# Each is worth a thread.
BLOCKS = [RowBlock(str(number).encode().ljust(64 * 1024), 1) for number in range(20)]
LITTLE = [RowBlock(str(number).encode(), 1) for number in range(4)]


def write_behind(
    write: Callable[[RowBlock], object],
    *,
    ahead: int = 4,
    patience: timedelta = timedelta(seconds=PATIENCE),
    require: Callable[[], None] = lambda: None,
) -> WriteBehind:
    steps = [Step(lambda block: (write(block), None)[1], late=StorageUnavailableError.took_nothing)]
    return WriteBehind(steps, ahead=ahead, patience=patience, require=require)


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause of a busy machine makes the reading slow."""
    monkeypatch.setattr("ticket_export.application.run.write_behind._SOON", PATIENCE)


def writers() -> list[Thread]:
    """The threads that still write."""
    return [thread for thread in enumerate_threads() if thread.name == "writer of an export"]


@pytest.mark.parametrize("ahead", [0, 1, 4, 100])
def test_blocks_are_written_once_each_in_their_order(ahead: int) -> None:
    written: list[RowBlock] = []
    with write_behind(written.append, ahead=ahead) as behind:
        for block in BLOCKS:
            behind.put(block)
    assert written == BLOCKS
    assert writers() == []


def test_next_block_is_read_while_one_is_written() -> None:
    is_read = Event()
    threads: list[Thread] = []

    def write(block: RowBlock) -> None:
        threads.append(current_thread())
        assert is_read.wait(PATIENCE), "reading waits for the writing"

    with write_behind(write, ahead=1) as behind:
        behind.put(BLOCKS[0])
        is_read.set()
    assert main_thread() not in threads


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_reading_is_never_further_ahead_than_allowed(ahead: int) -> None:
    written: list[RowBlock] = []
    with write_behind(written.append, ahead=ahead) as behind:
        for number, block in enumerate(BLOCKS, 1):
            behind.put(block)
            assert number - len(written) <= ahead


@pytest.mark.parametrize("ahead", [0, 4])
@pytest.mark.parametrize("error", [StorageError("no room"), KeyboardInterrupt(), RuntimeError("a bug")])
def test_what_writing_raises_ends_the_reading(error: BaseException, ahead: int) -> None:
    put = 0

    def write(_block: RowBlock) -> None:
        raise error

    with pytest.raises(type(error)) as raised, write_behind(write, ahead=ahead) as behind:
        while True:
            behind.put(BLOCKS[0])
            put += 1
    assert raised.value is error
    assert put <= ahead
    assert writers() == []


def test_error_of_the_last_block_comes_out_at_the_end() -> None:
    error = StorageError("no room")

    def write(_block: RowBlock) -> None:
        raise error

    with pytest.raises(StorageError) as raised, write_behind(write, ahead=1) as behind:
        behind.put(BLOCKS[0])
    assert raised.value is error


def test_error_of_the_reading_drops_what_waits_and_comes_out_itself() -> None:
    begun, may_end = Event(), Event()
    written: list[RowBlock] = []

    def write(block: RowBlock) -> None:
        begun.set()
        assert may_end.wait(PATIENCE)
        written.append(block)
        raise StorageError("this one matters less")

    with pytest.raises(TicketSourceError), write_behind(write) as behind:
        for block in BLOCKS[:4]:
            behind.put(block)
        assert begun.wait(PATIENCE)
        may_end.set()
        raise TicketSourceError("the tickets are gone")
    assert written == BLOCKS[:1]
    assert writers() == []


def test_writing_that_hangs_ends_the_reading_after_the_patience() -> None:
    wakes_up, is_released = Event(), Event()

    def read() -> None:
        with pytest.raises(StorageError, match=r"^The storage accepted no data for 0\.2 s\.$"):
            try:
                for block in BLOCKS:
                    behind.put(block)
            finally:
                # Here the snapshot ends, though the storage hangs on.
                is_released.set()
        raise StorageError("as it came")

    behind = write_behind(lambda _block: wakes_up.wait(PATIENCE), ahead=1, patience=timedelta(seconds=0.2))

    def export() -> None:
        with pytest.raises(StorageError), behind:
            read()

    reader = Thread(target=export, daemon=True)
    reader.start()
    assert is_released.wait(PATIENCE)
    wakes_up.set()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert writers() == []


def test_patience_counts_from_the_last_block_that_was_taken() -> None:
    slow = Event()
    written: list[RowBlock] = []

    def write(block: RowBlock) -> None:
        slow.wait(0.1)
        written.append(block)

    # All together take longer than the patience, and none by itself.
    with write_behind(write, ahead=2, patience=timedelta(seconds=1)) as behind:
        for block in BLOCKS:
            behind.put(block)
    assert written == BLOCKS


def test_step_that_may_take_its_time_is_waited_for_and_the_others_are_told_apart() -> None:
    done: list[str] = []

    def tell(_block: RowBlock) -> None:
        Event().wait(0.5)
        done.append("told")

    def listen(_block: RowBlock) -> None:
        Event().wait(0.5)
        done.append("heard")

    steps = [
        Step(lambda _block: None, late=StorageUnavailableError.took_nothing),
        Step(tell),
        Step(listen, late=ListenerStuckError),
    ]
    behind = WriteBehind(steps, require=lambda: None, ahead=0, patience=timedelta(seconds=0.3))
    with pytest.raises(ListenerStuckError, match=r"for 0\.3 s\.$"), behind:
        behind.put(BLOCKS[0])
        pytest.fail("nobody ended the waiting")
    assert done == ["told", "heard"]
    assert writers() == []


def test_thread_whose_start_is_interrupted_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Thread.start

    def interrupted(thread: Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    behind = write_behind(lambda _block: None)
    monkeypatch.setattr(Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), behind:
        behind.put(BLOCKS[0])
    for thread in writers():
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.usefixtures("_unhurried")
def test_little_is_written_without_a_thread_when_the_reading_has_ended() -> None:
    written: list[tuple[RowBlock, Thread]] = []
    with write_behind(lambda block: written.append((block, current_thread()))) as behind:
        for block in LITTLE:
            behind.put(block)
        assert written == []
    assert written == [(block, current_thread()) for block in LITTLE]


def test_little_of_an_export_that_reads_slowly_is_written_meanwhile() -> None:
    written = Event()
    with write_behind(lambda _block: written.set()) as behind:
        Event().wait(0.15)
        behind.put(LITTLE[0])
        assert written.wait(PATIENCE)
    assert writers() == []


@pytest.mark.usefixtures("_unhurried")
def test_many_little_blocks_are_worth_a_thread() -> None:
    written = Event()
    with write_behind(lambda _block: written.set(), ahead=2) as behind:
        for block in LITTLE[:3]:
            behind.put(block)
        assert written.wait(PATIENCE)


@pytest.mark.usefixtures("_unhurried")
def test_error_of_a_little_block_comes_out_at_the_end_and_one_of_the_reading_drops_it() -> None:
    error = StorageError("no room")

    def write(_block: RowBlock) -> None:
        raise error

    with pytest.raises(StorageError) as raised, write_behind(write) as behind:
        behind.put(LITTLE[0])
    assert raised.value is error
    with pytest.raises(TicketSourceError), write_behind(write) as behind:
        behind.put(LITTLE[0])
        raise TicketSourceError("the tickets are gone")


def test_lost_job_ends_the_reading_though_the_storage_hangs() -> None:
    wakes_up = Event()

    def require() -> None:
        # At the first look, while the storage hangs; it goes on so that the test can end.
        wakes_up.set()
        raise LeaseLostError("cancelled")

    with (
        pytest.raises(LeaseLostError),
        write_behind(lambda _block: wakes_up.wait(PATIENCE), ahead=0, require=require) as behind,
    ):
        behind.put(BLOCKS[0])


def test_interrupt_while_the_rest_is_written_drops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end = Event(), Event()
    written: list[RowBlock] = []

    def write(block: RowBlock) -> None:
        begun.set()
        assert may_end.wait(PATIENCE)
        written.append(block)

    behind = write_behind(write)
    wait = behind._ended.wait

    def interrupted() -> None:
        monkeypatch.undo()
        may_end.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), behind:
        for block in BLOCKS[:4]:
            behind.put(block)
        assert begun.wait(PATIENCE)
        monkeypatch.setattr(behind._ended, "wait", interrupted)
    assert wait(0)
    assert len(written) < 4
    assert writers() == []
