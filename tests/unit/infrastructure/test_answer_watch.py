"""A connection whose server does not answer is cut, and no other."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from tests.forked import exit_code, run_in_fork
from ticket_export.infrastructure.persistence.database.answer_watch import AnswerWatch, cut, has_news

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The driver's, whose calls end by themselves only where the test fails, and the server's."""
    driver, server = socket.socketpair()
    driver.settimeout(PATIENCE)
    with driver, server:
        yield driver, server


def test_call_that_waits_for_too_long_ends(ends: tuple[socket.socket, socket.socket]) -> None:
    driver, _ = ends
    watch = AnswerWatch(patience=0.05)
    for _ in range(2):
        with watch.watching(driver):
            assert driver.recv(1) == b""


def test_watch_that_has_rested_watches_again(ends: tuple[socket.socket, socket.socket]) -> None:
    driver, server = ends
    watch = AnswerWatch(patience=0.2)
    with watch.watching(driver):
        server.send(b"1")
        assert driver.recv(1) == b"1"
    # Long enough for its thread to find nothing to watch.
    Event().wait(0.3)
    server.send(b"2")
    assert driver.recv(1) == b"2"
    with watch.watching(driver):
        assert driver.recv(1) == b""


def test_what_has_no_socket_is_left_alone() -> None:
    driver = object()
    with AnswerWatch(patience=0).watching(driver):
        cut(driver)


def test_connection_that_is_closed_already_is_no_trouble() -> None:
    driver, server = socket.socketpair()
    driver.close()
    server.close()
    cut(driver)


def test_process_that_may_have_no_more_threads_goes_on_unwatched(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    driver, _ = ends
    watch = AnswerWatch(patience=0.05)
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        with watch.watching(driver):
            pass
    with watch.watching(driver):
        assert driver.recv(1) == b""


# A child waits for ever for the lock of coverage if another thread holds it now.
@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_watch_of_a_forked_process_watches_there(ends: tuple[socket.socket, socket.socket]) -> None:
    driver, _ = ends
    watch = AnswerWatch(patience=0.2)

    def wait_for_the_cut() -> None:
        with watch.watching(driver):
            assert driver.recv(1) == b""

    # Its thread, which the child has not, holds the lock now and then.
    with watch.watching(driver):
        assert exit_code(run_in_fork(wait_for_the_cut)) == 0


def test_idle_connection_has_news_when_the_other_side_sends_or_ends(ends: tuple[socket.socket, socket.socket]) -> None:
    driver, server = ends
    assert not has_news(driver)
    server.sendall(b"!")
    assert has_news(driver)
    driver.recv(1)
    assert not has_news(driver)
    server.close()
    assert has_news(driver)


def test_connection_without_a_socket_may_have_news() -> None:
    assert has_news(object())
