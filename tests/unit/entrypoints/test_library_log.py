from __future__ import annotations

import logging

import pytest

from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.session import Session
from ticket_export.errors import StorageError

_LOG = logging.getLogger("ticket_export.somewhere")


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
    assert _logged(Session(tells_warnings=True), error, capsys) == f"error: the chore\\nfailed{reason}\n"


@pytest.mark.parametrize("tells_warnings", [False, True])
def test_debug_shows_every_record_once_and_where_it_comes_from(
    tells_warnings: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _logged(Session(debug=True, tells_warnings=tells_warnings), RuntimeError("password=hunter2"), capsys)
    assert told.count("the chore") == 1
    assert "Traceback" in told
    assert "hunter2" in told


def test_nothing_of_it_is_left_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger("ticket_export").handlers)
    with library_log(Session(tells_warnings=True)):
        pass
    assert logging.getLogger("ticket_export").handlers == before
