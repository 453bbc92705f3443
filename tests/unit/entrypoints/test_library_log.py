from __future__ import annotations

import io
import json
import logging
import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from logging.handlers import MemoryHandler, QueueHandler, QueueListener
from pathlib import Path
from queue import SimpleQueue

import pytest

from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.output.json_lines import json_lines
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


def _configure(logger: str, root: bool, **more: object) -> None:
    """Set up logging as a host does, on standard error."""
    config: dict[str, object] = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {logger: more} if logger else {},
    }
    if root:
        config["root"] = {"level": "INFO", "handlers": ["console"]}
    logging.config.dictConfig(config)


@pytest.fixture
def clean_logging() -> Iterator[None]:
    """Whatever a test configures is gone after it."""
    loggers = [logging.getLogger(), logging.getLogger("ticket_export"), _AUDIT_LOG]
    before = [(each, each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, level, propagate, handlers in before:
        each.level, each.propagate, each.handlers = level, propagate, handlers
    logging.getLogger().manager._clear_cache()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("clean_logging")
@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    ("logger", "root", "more"),
    [
        ("", False, {}),
        ("", True, {}),
        ("ticket_export", True, {"level": "INFO"}),
        ("ticket_export", True, {"level": "INFO", "propagate": False, "handlers": ["console"]}),
        ("ticket_export", False, {"level": "INFO", "handlers": ["console"]}),
        ("ticket_export.audit", True, {"level": "INFO", "propagate": False, "handlers": ["console"]}),
        ("ticket_export", False, {"level": "WARNING"}),
        ("ticket_export", True, {}),
    ],
)
def test_a_record_is_one_line_whatever_logging_a_host_sets_up(
    log_format: str, logger: str, root: bool, more: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(tells_news=True)
    with json_lines(has_messages=False) if log_format == "json" else nullcontext(), library_log(session):
        _configure(logger, root, **more)
        session.on_container()
        _AUDIT_LOG.info("export 7 completed", extra={"job_id": "7", "export_status": "completed"})
        _LOG.warning("export 7 is slow", extra={"job_id": "7"})
    lines = capsys.readouterr().err.splitlines()
    told = ["export 7 is slow"] if more.get("level") == "WARNING" else ["export 7 completed", "export 7 is slow"]
    assert len(lines) == len(told) == len(session.told)
    assert all(text in line for text, line in zip(told, lines, strict=True))
    if log_format == "json":
        documents = [json.loads(line) for line in lines]
        assert [(each["message"], each["job_id"]) for each in documents] == [(text, "7") for text in told]


@pytest.mark.usefixtures("clean_logging")
def test_a_file_of_a_host_gets_its_records_as_it_wants_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(tells_news=True)
    with json_lines(has_messages=False), library_log(session):
        kept = logging.FileHandler(tmp_path / "log")
        logging.getLogger().addHandler(kept)
        session.on_container()
        _LOG.warning("slow")
    kept.close()
    assert (tmp_path / "log").read_text() == "slow\n"
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "slow"


@pytest.mark.usefixtures("clean_logging")
def test_records_of_a_host_are_json_too_and_its_format_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(tells_news=True)
    with json_lines(has_messages=False), library_log(session):
        logging.getLogger().addHandler(logging.StreamHandler())
        session.on_container()
        logging.getLogger("helpdesk").warning("of the host")
    (line,) = capsys.readouterr().err.splitlines()
    assert [json.loads(line)[name] for name in ("logger", "message")] == ["helpdesk", "of the host"]
    assert logging.getLogger().handlers[-1].formatter is None


@pytest.mark.usefixtures("clean_logging")
def test_record_of_a_host_without_logging_keeps_its_logger_and_level(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest has handlers of its own there.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    session = Session(tells_news=True)
    with json_lines(has_messages=False), library_log(session):
        session.on_container()
        logging.getLogger("helpdesk").error("of the host")
    (line,) = capsys.readouterr().err.splitlines()
    assert [json.loads(line)[name] for name in ("logger", "level", "message")] == ["helpdesk", "ERROR", "of the host"]


@pytest.mark.usefixtures("clean_logging")
@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("kind", ["memory", "queue"])
def test_a_record_that_a_host_passes_on_to_its_console_is_one_line(
    kind: str, log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(tells_news=True)
    with json_lines(has_messages=False) if log_format == "json" else nullcontext(), library_log(session):
        console = logging.StreamHandler()
        passed_on = SimpleQueue[object]()
        listener = QueueListener(passed_on, console)
        handler = MemoryHandler(1, target=console) if kind == "memory" else QueueHandler(passed_on)
        if isinstance(handler, QueueHandler):
            # As `dictConfig` of Python 3.12 does.
            vars(handler)["listener"] = listener
        logging.getLogger().addHandler(handler)
        session.on_container()
        listener.start()
        _LOG.warning("slow", extra={"job_id": "7"})
        logging.getLogger("helpdesk").warning("of the host")
        listener.stop()
    lines = capsys.readouterr().err.splitlines()
    assert [text in line for text, line in zip(("slow", "of the host"), lines, strict=True)] == [True, True]
    if log_format == "json":
        assert [json.loads(line)["logger"] for line in lines] == ["ticket_export.somewhere", "helpdesk"]


class _Unread(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._raised = error

    def write(self, _text: str) -> int:
        raise self._raised


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("is_debugging", [False, True])
@pytest.mark.parametrize("error", [BrokenPipeError(), OSError("no space"), ValueError("closed file")])
def test_standard_error_that_takes_nothing_does_not_disturb_what_logs(
    log_format: str, is_debugging: bool, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", _Unread(error))
    session = Session(debug=is_debugging, tells_news=True)
    with json_lines(has_messages=False) if log_format == "json" else nullcontext(), library_log(session):
        _LOG.warning("slow", extra={"job_id": "7"})
    assert list(session.told) == [("7", None)]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_record_with_wrong_arguments_does_not_disturb_what_logs(
    log_format: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those of pytest raise.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    session = Session(tells_news=True)
    with json_lines(has_messages=False) if log_format == "json" else nullcontext(), library_log(session):
        _LOG.warning("%s and %s", "one")
    assert "TypeError" in capsys.readouterr().err


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
