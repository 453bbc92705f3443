"""The calls of an upload: how many at once, where their errors come out, and how every wait for them ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from threading import Event, Lock, Thread, current_thread
from time import monotonic

import pytest

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases import sending as sending_module
from ticket_export.infrastructure.storage.bases.daemon_threads import call_in_daemon
from ticket_export.infrastructure.storage.bases.sending import Sending

_LONG = 30.0


class Held:
    """A call that waits until it may go on; it notes its beginning and its end."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error
        self.begun, self.may_end, self.ended = Event(), Event(), Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.may_end.wait(_LONG)
        self.ended.set()
        if self._error is not None:
            raise self._error


@contextmanager
def in_thread(call: Callable[[], object]) -> Iterator[Event]:
    """Call it in another thread; yields what is set when it is over."""
    is_over = Event()

    def run() -> None:
        try:
            call()
        finally:
            is_over.set()

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield is_over
    thread.join(_LONG)
    assert not thread.is_alive()


@pytest.mark.parametrize("parallel", [1, 2])
def test_calls_are_made_so_many_at_once_and_no_more(parallel: int) -> None:
    sending, lock = Sending(parallel=parallel), Lock()
    now, most, made = 0, 0, 0

    def call() -> None:
        nonlocal now, most, made
        with lock:
            now += 1
            most = max(most, now)
        Event().wait(0.01)
        with lock:
            now -= 1
            made += 1

    for _ in range(20):
        sending.begin(call)
    sending.finish()
    assert (most, made, now) == (parallel, 20, 0)


def test_calls_that_are_made_one_at_a_time_are_made_in_order() -> None:
    sending, made = Sending(), list[int]()
    for number in range(20):
        sending.begin(lambda number=number: made.append(number))  # type: ignore[misc]
    sending.finish()
    assert made == list(range(20))


def test_next_part_is_filled_while_two_are_sent_and_waits_until_one_has_arrived() -> None:
    sending, first, second, third = Sending(parallel=2), Held(), Held(), Held()
    sending.begin(first)
    sending.begin(second)
    assert first.begun.wait(_LONG)
    assert second.begun.wait(_LONG)
    with in_thread(lambda: sending.begin(third)) as is_over:
        assert not is_over.wait(0.05)
        assert not third.begun.is_set()
        first.may_end.set()
        assert is_over.wait(_LONG)
    assert third.begun.wait(_LONG)
    for each in (second, third):
        each.may_end.set()
    sending.finish()


def test_error_of_a_call_comes_out_of_every_later_one_and_no_other_call_begins() -> None:
    error = ValueError("refused")
    sending, failing = Sending(), Held(error)

    def never() -> None:
        pytest.fail("a call began after an error")

    sending.begin(failing)
    failing.may_end.set()
    for later in (sending.finish, lambda: sending.begin(never), sending.require):
        with pytest.raises(ValueError, match="refused") as caught:
            later()
        assert caught.value is error


def test_error_of_one_call_ends_the_wait_for_another() -> None:
    sending, stuck, failing = Sending(parallel=2), Held(), Held(ValueError("refused"))
    sending.begin(stuck)
    sending.begin(failing)
    failing.may_end.set()
    with pytest.raises(ValueError, match="refused"):
        sending.finish()
    assert not stuck.ended.is_set()
    stuck.may_end.set()
    assert stuck.ended.wait(_LONG)


def test_error_that_would_end_a_process_comes_out_as_one_of_the_store() -> None:
    class Panic(BaseException):
        """As pyo3's, of drivers that are written in Rust."""

    for error in (Panic("secret"), SystemExit(1), GeneratorExit()):

        def fail(error: BaseException = error) -> None:
            raise error

        sending = Sending()
        sending.begin(fail)
        with pytest.raises(StorageError, match=r"^the file could not be written: the storage failed; ") as caught:
            sending.finish()
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("wait", ["begin", "finish"])
def test_interrupt_ends_every_wait_for_a_store_that_does_not_respond(wait: str) -> None:
    sending, stuck = Sending(), Held()
    sending.begin(stuck)
    assert stuck.begun.wait(_LONG)
    waits = {"begin": lambda: sending.begin(lambda: None), "finish": sending.finish}
    errors: list[BaseException] = []

    def wait_for_it() -> None:
        with pytest.raises(StorageUnavailableError, match="its upload was interrupted") as caught:
            waits[wait]()
        errors.append(caught.value)

    with in_thread(wait_for_it) as is_over:
        assert not is_over.wait(0.05)
        sending.interrupt()
        assert is_over.wait(_LONG)
    assert len(errors) == 1
    assert sending.is_interrupted
    assert not stuck.ended.is_set()
    stuck.may_end.set()


def test_clean_up_is_made_after_the_calls_that_are_under_way() -> None:
    sending, call, clean_up = Sending(parallel=2), Held(), Held()
    sending.begin(call)
    clean_up.may_end.set()
    with in_thread(lambda: sending.end(clean_up)) as is_over:
        assert not clean_up.begun.wait(0.05)
        assert not is_over.is_set()
        call.may_end.set()
        assert is_over.wait(_LONG)
    assert call.ended.is_set()
    assert clean_up.ended.is_set()


def test_clean_up_of_an_upload_whose_call_failed_is_made_and_raises_nothing() -> None:
    sending, cleaned, failing = Sending(), Event(), Held(ValueError("refused"))
    sending.begin(failing)
    failing.may_end.set()
    sending.end(cleaned.set)
    assert cleaned.is_set()


def test_interrupted_upload_waits_a_moment_and_is_cleaned_up_when_the_store_responds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sending_module, "_GRACE", 0.05)
    sending, stuck, cleaned = Sending(), Held(), Event()
    sending.begin(stuck)
    sending.interrupt()
    sending.end(cleaned.set)
    assert "an upload was left to its thread" in caplog.text
    assert not cleaned.is_set()
    stuck.may_end.set()
    assert cleaned.wait(_LONG)


def test_call_without_a_time_limit_of_its_own_is_left_when_the_patience_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending_module, "_GRACE", 0.05)
    sending, stuck, cleaned = Sending(patience=timedelta(seconds=0.05)), Held(), Event()
    sending.begin(stuck)
    sending.end(cleaned.set)
    assert not cleaned.is_set()
    stuck.may_end.set()
    assert cleaned.wait(_LONG)


def no_thread(call: Callable[[], None]) -> None:
    """The process has none."""
    raise RuntimeError("can't start new thread")


def test_clean_up_for_which_there_is_no_thread_is_made_in_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sending, call, threads = Sending(), Held(), list[Thread]()
    sending.begin(call)
    call.may_end.set()
    monkeypatch.setattr(sending_module, "call_in_daemon", no_thread)
    with pytest.raises(RuntimeError, match="can't start"):
        sending.begin(lambda: pytest.fail("there is no thread for it"))
    sending.end(lambda: threads.append(current_thread()))
    assert threads == [current_thread()]
    assert call.ended.is_set()


@pytest.mark.parametrize("has_started", [False, True])
def test_interruption_while_a_thread_starts_leaves_no_call_that_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, has_started: bool
) -> None:
    def interrupted(call: Callable[[], None]) -> None:
        if has_started:
            call_in_daemon(call)
        raise KeyboardInterrupt

    sending, call = Sending(), Held()
    call.may_end.set()
    with monkeypatch.context() as patch:
        patch.setattr(sending_module, "call_in_daemon", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sending.begin(call)
    # Either it never begins, or it is over before the clean-up.
    had_begun: list[bool] = []
    sending.end(lambda: had_begun.append(call.begun.is_set()))
    assert had_begun in ([False], [True])
    assert call.begun.is_set() == call.ended.is_set() == had_begun[0]
    sending.finish()


def test_clean_up_does_not_wait_for_a_call_that_another_thread_could_not_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starting, may_fail, cleaned = Event(), Event(), Event()

    def fail_late(call: Callable[[], None]) -> None:
        starting.set()
        assert may_fail.wait(_LONG)
        raise RuntimeError("can't start new thread")

    def begin() -> None:
        with pytest.raises(RuntimeError, match="can't start"):
            sending.begin(lambda: pytest.fail("there is no thread for it"))

    sending = Sending(parallel=2)
    monkeypatch.setattr(sending_module, "call_in_daemon", fail_late)
    with in_thread(begin):
        assert starting.wait(_LONG)
        monkeypatch.setattr(sending_module, "call_in_daemon", call_in_daemon)
        with in_thread(lambda: sending.end(cleaned.set)) as is_over:
            assert not cleaned.wait(0.05)
            may_fail.set()
            assert is_over.wait(_LONG)
    assert cleaned.is_set()


@pytest.mark.parametrize("has_threads", [True, False])
def test_writer_that_is_collected_in_a_call_of_its_own_does_not_wait_for_that_call(
    monkeypatch: pytest.MonkeyPatch, has_threads: bool
) -> None:
    sending, ended, may_go_on, cleaned = Sending(), Event(), Event(), Event()

    def call() -> None:
        # Python may collect an abandoned writer wherever memory is taken.
        if not has_threads:
            monkeypatch.setattr(sending_module, "call_in_daemon", no_thread)
        sending.end(cleaned.set)
        ended.set()
        assert may_go_on.wait(_LONG)

    sending.begin(call)
    assert ended.wait(_LONG)
    assert not cleaned.is_set()
    may_go_on.set()
    sending.finish()
    assert cleaned.wait(_LONG) if has_threads else not cleaned.is_set()


def test_calls_of_many_uploads_share_a_few_threads() -> None:
    threads: set[Thread] = set()
    for _ in range(200):
        sending = Sending()
        for _ in range(3):
            sending.begin(lambda: threads.add(current_thread()))
        sending.finish()
    # Those of earlier tests, too.
    assert len(threads) < 30
    assert {thread.daemon for thread in threads} == {True}


def test_forked_process_has_threads_of_its_own() -> None:
    Sending().begin(lambda: None)
    process = get_context("fork").Process(target=_send)
    process.start()
    process.join(_LONG)
    assert process.exitcode == 0


def _send() -> None:
    sending, is_made = Sending(), Event()
    sending.begin(is_made.set)
    assert is_made.wait(_LONG)
    sending.finish()


_PROCESS = """
import sys
from threading import Event
from ticket_export.infrastructure.storage.bases.sending import Sending
from ticket_export.infrastructure.storage.bases.upload import Upload, uploading

class Stuck(Upload):
    def __init__(self):
        self.sending = Sending()
    def write(self, data):
        self.sending.begin(Event().wait)
    def publish(self):
        print("published")
    def withdraw(self):
        print("withdrawn")

def write():
    with uploading(Stuck()) as writer:
        writer.write(b"half")
        yield

kept = write()
next(kept)
print("ends")
"""


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_process_ends_although_the_store_of_an_open_writer_never_responds(is_abandoned: bool) -> None:
    began_at = monotonic()
    # In a cycle of its own, the generator is closed by Python's last collection.
    ending = "kept = [kept]; kept.append(kept)" if is_abandoned else ""
    ran = subprocess.run(
        [sys.executable, "-c", _PROCESS + ending], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ends\n", "")
    assert monotonic() - began_at < _LONG
