from __future__ import annotations

from threading import Thread

import pytest

from ticket_export import StopSignal


def test_signal_is_not_given_until_somebody_gives_it() -> None:
    stop, called = StopSignal(), list[str]()
    with stop.calling(lambda: called.append("a")):
        assert not stop.is_given
        assert called == []
        thread = Thread(target=stop.give, daemon=True)
        thread.start()
        thread.join(30)
        assert stop.is_given
        assert called == ["a"]


def test_everybody_inside_is_called_and_nobody_who_has_left() -> None:
    stop, called = StopSignal(), list[str]()
    with stop.calling(lambda: called.append("outer")):
        with stop.calling(lambda: called.append("left")):
            pass
        with stop.calling(lambda: called.append("inner")):
            stop.give()
    assert called == ["outer", "inner"]


def test_who_comes_after_the_signal_is_called_at_once() -> None:
    stop, called = StopSignal(), list[str]()
    stop.give()
    with stop.calling(lambda: called.append("late")):
        assert called == ["late"]


def test_signal_that_is_given_twice_stays_given() -> None:
    stop = StopSignal()
    stop.give()
    stop.give()
    assert stop.is_given


def test_who_leaves_by_an_error_is_not_called_any_more() -> None:
    stop, called = StopSignal(), list[str]()
    with pytest.raises(RuntimeError), stop.calling(lambda: called.append("left")):
        raise RuntimeError
    stop.give()
    assert called == []


def test_one_action_may_be_there_twice() -> None:
    stop, called = StopSignal(), list[str]()

    def act() -> None:
        called.append("act")

    with stop.calling(act):
        with stop.calling(act):
            pass
        stop.give()
    assert called == ["act"]
