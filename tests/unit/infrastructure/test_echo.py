from __future__ import annotations

import pytest

from ticket_export.infrastructure.tasks import echo as echo_module
from ticket_export.infrastructure.tasks.echo import Echo


def test_echo_is_told_from_what_others_send() -> None:
    mine, others = list[str](), list[str]()
    echo, other = Echo(mine.append), Echo(others.append)
    echo.call()
    other.call()
    assert [echo.is_among(mine), echo.is_among(others), echo.is_among([""]), echo.is_among([])] == [
        *(True, False, False, False)
    ]
    assert [Echo.is_one(payload) for payload in (*mine, *others, "", "anything")] == [True, True, False, False]


def test_what_came_back_is_not_sent_again_before_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    echo = Echo(sent.append)
    echo.call()
    assert echo.is_among(sent)
    echo.call()
    assert len(sent) == 1
    assert 0 < echo.patience <= 30
    monkeypatch.setattr(echo_module, "_EVERY", 0.0)
    assert echo.patience == 0
    echo.call()
    assert sent == [sent[0]] * 2


def test_what_does_not_come_back_is_waited_for_and_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    echo = Echo(sent.append)
    echo.call()
    monkeypatch.setattr(echo_module, "_EVERY", 0.0)
    echo.call()
    assert len(sent) == 1
    assert 0 < echo.patience <= 5


def test_what_has_not_come_back_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo_module, "_PATIENCE", 0.0)
    echo = Echo(lambda _payload: None)
    echo.call()
    with pytest.raises(TimeoutError, match="did not arrive"):
        echo.call()


def test_what_could_not_be_sent_is_sent_the_next_time() -> None:
    sent: list[str] = []

    def send(payload: str) -> None:
        sent.append(payload)
        if len(sent) == 1:
            raise ConnectionError("the database is gone")

    echo = Echo(send)
    with pytest.raises(ConnectionError):
        echo.call()
    echo.call()
    assert len(sent) == 2
