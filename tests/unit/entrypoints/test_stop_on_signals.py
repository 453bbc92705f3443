from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.entrypoints.cli.stop_on_signals import stop_on_signals

_BOTH = (signal.SIGTERM, signal.SIGINT)


def _handlers() -> list[object]:
    return [signal.getsignal(each) for each in _BOTH]


@pytest.fixture(autouse=True)
def _heard_signals() -> Iterator[None]:
    """Whoever started the tests may have them ignored."""
    before = [(each, signal.signal(each, signal.SIG_DFL)) for each in _BOTH]
    yield
    for each, earlier in before:
        signal.signal(each, earlier)


@pytest.mark.parametrize("number", _BOTH)
def test_a_signal_is_a_signal_to_stop_and_a_second_one_has_its_usual_effect(number: signal.Signals) -> None:
    stop, heard = StopSignal(), threading.Event()
    with stop_on_signals(stop), stop.calling(heard.set):
        assert not stop.is_given
        signal.raise_signal(number)
        assert heard.wait(60)
        assert stop.is_given
        assert _handlers() == [signal.SIG_DFL, signal.SIG_DFL]


def test_each_signal_gives_the_next_of_several_and_one_more_has_its_usual_effect() -> None:
    finish, stop = StopSignal(), StopSignal()
    with stop_on_signals(finish, stop):
        handlers = _handlers()
        signal.raise_signal(signal.SIGTERM)
        assert (finish.is_given, stop.is_given) == (True, False)
        assert _handlers() == handlers
        signal.raise_signal(signal.SIGINT)
        assert stop.is_given
        assert _handlers() == [signal.SIG_DFL, signal.SIG_DFL]


def test_the_handlers_of_before_come_back_and_no_thread_stays() -> None:
    before, threads = _handlers(), threading.active_count()
    with stop_on_signals(StopSignal()):
        assert _handlers() != before
        signal.raise_signal(signal.SIGTERM)
    assert (_handlers(), threading.active_count()) == (before, threads)


def test_what_was_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = StopSignal()
    with stop_on_signals(stop):
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    assert not stop.is_given


def test_in_another_thread_which_hears_of_no_signal_nothing_changes() -> None:
    before, inside = _handlers(), []

    def enter() -> None:
        with stop_on_signals(StopSignal()):
            inside.append(_handlers())

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    thread.join(60)
    assert inside == [before]
