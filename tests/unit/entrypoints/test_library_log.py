from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import StorageError

_LOG = logging.getLogger("ticket_export.somewhere")
_AUDIT_LOG = logging.getLogger("ticket_export.audit")


def _logged(session: Session, error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    with library_log(session):
        _LOG.info("all is well")
        try:
            raise error
        except type(error):
            _LOG.exception("the chore\nfailed")
    return capsys.readouterr().err


def test_the_log_is_quiet_unless_a_command_asks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert _logged(Session(), StorageError("disk full"), capsys) == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageError("disk full"), " (disk full)"),
        (RuntimeError("password=hunter2"), " (RuntimeError)"),
        (StorageError("failed"), ""),
    ],
)
def test_a_warning_is_one_line_whose_reason_is_safe_to_show(
    error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _logged(Session(tells_news=True), error, capsys) == f"error: the chore\\nfailed{reason}\n"


@pytest.mark.parametrize("tells_news", [False, True])
def test_debug_shows_every_record_once_and_where_it_comes_from(
    tells_news: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _logged(Session(debug=True, tells_news=tells_news), RuntimeError("password=hunter2"), capsys)
    assert told.count("the chore") == 1
    assert "Traceback" in told
    assert "hunter2" in told


@pytest.mark.parametrize(
    ("session", "told"),
    [
        (Session(), ""),
        (Session(tells_news=True), "who\\ndid what\n"),
        (Session(debug=True), "all is well\nwho\ndid what\n"),
        (Session(debug=True, tells_news=True), "all is well\nwho\ndid what\n"),
    ],
)
def test_the_audit_log_is_news_and_all_else_is_for_debug(
    session: Session, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with library_log(session):
        _LOG.info("all is well")
        _AUDIT_LOG.info("who\ndid what", extra={"job_id": "7", "export_status": "completed"})
    assert capsys.readouterr().err == told
    shown = {"all is well": (None, None), "did what": ("7", "completed")}
    assert list(session.told) == [ends for text, ends in shown.items() if text in told]


@pytest.mark.parametrize(
    ("root", "audit", "heard"),
    [
        (logging.WARNING, logging.NOTSET, ["warned"]),
        (logging.INFO, logging.NOTSET, ["audited", "informed", "warned"]),
        (logging.WARNING, logging.INFO, ["audited", "warned"]),
        (logging.ERROR, logging.NOTSET, []),
    ],
)
def test_a_hosts_own_logging_hears_what_it_would_have_heard_anyway(
    root: int, audit: int, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with library_log(Session(debug=True)):
        # As a host's module does, which is imported by the command.
        host = _Kept()
        monkeypatch.setattr(logging.getLogger(), "handlers", [host])
        with _level(logging.getLogger(), root), _level(_AUDIT_LOG, audit):
            _AUDIT_LOG.info("audited")
            _LOG.info("informed")
            _LOG.warning("warned")
    assert host.messages == heard


def test_a_level_that_a_host_has_set_for_the_library_stays(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("ticket_export")
    with _level(log, logging.WARNING):
        with library_log(Session(debug=True)):
            _LOG.info("all is well")
        assert log.level == logging.WARNING
    with library_log(Session()):
        log.setLevel(logging.ERROR)
    assert log.level == logging.ERROR
    log.setLevel(logging.NOTSET)
    assert capsys.readouterr().err == ""


def test_nothing_of_it_is_left_afterwards() -> None:
    log = logging.getLogger("ticket_export")
    before = list(log.handlers), log.level, log.propagate
    with library_log(Session(tells_news=True)):
        assert (list(log.handlers), log.level, log.propagate) != before
    assert (list(log.handlers), log.level, log.propagate) == before


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _level(log: logging.Logger, level: int) -> Iterator[None]:
    before = log.level
    log.setLevel(level)
    yield
    log.setLevel(before)
