"""Workers as processes of their own, on PostgreSQL."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import attrs
import psycopg
import pytest

from tests.e2e.command_line import run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import HELD, HeldExports, request, seconds_until, started_worker, status
from tests.postgresql_server import conninfo

pytestmark = pytest.mark.once_flaky


@attrs.frozen
class PostgresqlHelpDesk(HelpDesk):
    """As `HelpDesk`, with its tables on a server."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        return {**super().settings, "TICKET_EXPORT_DATABASE_URL": self.url}

    def listeners(self) -> int:
        """How many connections listen for exports, as an operator sees them."""
        with closing(psycopg.connect(conninfo(self.url))) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'ticket-export listener'"
            ).fetchone()
        assert found is not None
        return int(found[0])


@pytest.fixture
def desk(postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PostgresqlHelpDesk:
    return filled_desk(postgresql_url, tmp_path, monkeypatch)


def filled_desk(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> PostgresqlHelpDesk:
    """Commands that run in this process work on it."""
    desk = PostgresqlHelpDesk(folder, url)
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("TICKET_EXPORT_")]:
        monkeypatch.delenv(name)
    for name, value in desk.settings.items():
        monkeypatch.setenv(name, value)
    filled = run_script("sample-data", "--tickets", "50", folder=folder, settings=desk.settings)
    assert filled.exit_code == 0, filled.err
    return desk


def test_worker_that_listens_takes_up_what_another_process_requests_and_leaves_nothing_behind(
    desk: PostgresqlHelpDesk,
) -> None:
    with started_worker(desk) as worker:
        seconds_until(lambda: desk.listeners() == 1)
        job_id = request()
        seconds_until(lambda: status(job_id) == "completed")
        assert desk.listeners() == 1
        ended = worker.stop()
    assert ended.exit_code == 0
    assert "warning" not in ended.err.lower()
    seconds_until(lambda: desk.listeners() == 0)


def test_export_that_a_stopped_worker_hands_back_is_completed_by_one_that_listens(desk: PostgresqlHelpDesk) -> None:
    held = HeldExports.prepare(desk.folder)
    with started_worker(desk, *HELD) as first:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        with started_worker(desk) as second:
            seconds_until(lambda: desk.listeners() == 2)
            assert first.stop().exit_code == 0
            seconds_until(lambda: status(job_id) == "completed")
            assert second.stop().exit_code == 0
    held.release()
