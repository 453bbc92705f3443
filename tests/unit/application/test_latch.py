from __future__ import annotations

from threading import Thread

import pytest

from ticket_export.application.run.latch import Latch

PATIENCE = 60.0


def test_waiting_thread_is_woken_by_the_one_that_sets_the_latch() -> None:
    latch, woken = Latch(), list[bool]()
    waiters = [Thread(target=lambda: woken.append(latch.wait(None)), daemon=True) for _ in range(4)]
    for waiter in waiters:
        waiter.start()
    latch.set()
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert woken == [True] * 4


@pytest.mark.parametrize("timeout", [0, -1, 0.01])
def test_latch_that_is_not_set_is_waited_for_no_longer_than_asked(timeout: float) -> None:
    assert not Latch().wait(timeout)


def test_latch_that_a_handlers_error_kept_from_being_opened_is_noticed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latch, woken = Latch(), list[bool]()
    waiter = Thread(target=lambda: woken.append(latch.wait(None)), daemon=True)
    waiter.start()

    def interrupted(_latch: Latch) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Latch, "_open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            latch.set()
    waiter.join(PATIENCE)
    assert woken == [True]
