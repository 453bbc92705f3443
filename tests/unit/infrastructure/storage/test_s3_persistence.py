"""A call of an upload is made again while S3 is away, for as long as the patience lasts."""

from __future__ import annotations

from itertools import pairwise
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.s3 import persistence
from ticket_export.infrastructure.storage.s3.persistence import S3Persistence

AWAY = StorageUnavailableError("the storage cannot be reached")


class Away:
    """A call to a store that is away for so many seconds; each try takes `each`, and `starts` has their times."""

    def __init__(self, seconds: float, *, each: float = 0.0) -> None:
        self._seconds, self._each = seconds, each
        self.now = 0.0
        self.starts: list[float] = []

    def __call__(self) -> str:
        self.starts.append(self.now)
        if self.now >= self._seconds:
            return "done"
        self.now += self._each
        raise AWAY

    def make(self, patience: float) -> str:
        """Let a persistence of that patience call it, on a clock that only this and the pauses move."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(persistence, "monotonic", lambda: self.now)
            return S3Persistence(patience, Pauses(self)).make(self)


class Pauses(Event):
    """No interrupt, and no real pause."""

    def __init__(self, call: Away) -> None:
        super().__init__()
        self._call = call

    def wait(self, timeout: float | None = None) -> bool:
        self._call.now += timeout or 0
        return False


@given(st.floats(0, 60))
def test_store_that_is_back_within_the_patience_is_asked_again(seconds: float) -> None:
    call = Away(seconds)
    assert call.make(60) == "done"
    # At the latest after the longest pause.
    assert call.now - seconds <= 5


@given(st.floats(60.001, 1_000))
def test_store_that_is_away_for_longer_raises_when_the_patience_is_over(seconds: float) -> None:
    call = Away(seconds)
    with pytest.raises(StorageUnavailableError) as caught:
        call.make(60)
    assert caught.value is AWAY
    assert call.now == pytest.approx(60)


@given(st.floats(0.1, 23))
def test_time_of_the_first_try_is_a_part_of_the_patience(each: float) -> None:
    call = Away(1_000, each=each)
    with pytest.raises(StorageUnavailableError):
        call.make(60)
    # A last try begins when the patience is over, or before, and takes its time.
    assert 60 - each <= call.starts[-1] <= 60
    assert call.now <= 60 + each


@pytest.mark.parametrize("each", [0.0, 30.0])
def test_call_is_made_again_at_least_once(each: float) -> None:
    call = Away(1_000, each=each)
    with pytest.raises(StorageUnavailableError):
        call.make(0)
    assert len(call.starts) == 2


def test_pauses_grow_up_to_a_few_seconds() -> None:
    call = Away(60)
    call.make(100)
    pauses = [later - earlier for earlier, later in pairwise(call.starts)]
    assert pauses[0] <= 0.2
    assert max(pauses) <= 5
    assert min(pauses[-5:]) >= 2.5


def test_patience_begins_anew_with_each_call() -> None:
    made = S3Persistence(0.05)
    for _ in range(3):
        errors: list[StorageUnavailableError] = [AWAY]

        def fail_once(errors: list[StorageUnavailableError] = errors) -> str:
            if errors:
                raise errors.pop()
            return "done"

        assert made.make(fail_once) == "done"


def test_other_errors_come_out_at_once() -> None:
    refusal = StorageError("the storage refuses access")
    calls: list[int] = []

    def refuse() -> None:
        calls.append(1)
        raise refusal

    with pytest.raises(StorageError) as caught:
        S3Persistence(60).make(refuse)
    assert (caught.value, calls) == (refusal, [1])


def test_interrupt_ends_the_pause_and_all_later_calls() -> None:
    made = S3Persistence(60)

    def fail_and_interrupt() -> None:
        made.interrupt()
        raise AWAY

    with pytest.raises(StorageUnavailableError, match="its upload was interrupted"):
        made.make(fail_and_interrupt)
    with pytest.raises(StorageUnavailableError, match="its upload was interrupted"):
        made.make(lambda: pytest.fail("an interrupted upload goes on"))
