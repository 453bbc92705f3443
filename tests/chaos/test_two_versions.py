"""During an upgrade, the workers and hosts of two versions use one database.

First an operator migrates it, then the processes of the earlier version are replaced one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.arena import Arena
from tests.chaos.many_exports import chaos_random
from tests.chaos.versions import Version, source_of
from tests.chaos.workers import wait_until
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

pytestmark = pytest.mark.once_flaky

# The last commit whose claim takes the oldest task, and whose database does not know when a task began.
_EARLIER = "b59aa44"
_EXPORTS = 16 if os.environ.get("TICKET_EXPORT_TEST_SAMPLE") else 100
_TICKETS = 2_000
_SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="session")
def earlier_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source_of(_EARLIER, tmp_path_factory.mktemp("earlier"))


def test_workers_and_hosts_of_two_versions_make_each_export_once_on_sqlite(
    sqlite_url: str, earlier_source: Path, tmp_path: Path, show: Callable[[str], None]
) -> None:
    with closing(Arena.open(tmp_path, sqlite_url)) as arena:
        _upgrade_while_exports_run(arena, earlier_source, show)


def test_workers_and_hosts_of_two_versions_make_each_export_once_on_postgresql(
    empty_postgresql_url: str, earlier_source: Path, tmp_path: Path, show: Callable[[str], None]
) -> None:
    with closing(Arena.open(tmp_path, empty_postgresql_url)) as arena:
        _upgrade_while_exports_run(arena, earlier_source, show)


def _upgrade_while_exports_run(arena: Arena, earlier_source: Path, show: Callable[[str], None]) -> None:
    random, seed = chaos_random()
    # Long enough for a busy machine: nobody interferes, so no attempt may be lost.
    settings = arena.with_lease(30)
    earlier, now = (Version.of(source, arena.folder, settings) for source in (earlier_source, _SOURCE))
    views = distinct_views(_EXPORTS, _TICKETS, random)
    quarter = _EXPORTS // 4

    def await_all() -> None:
        wait_until(lambda: arena.unfinished() == 0, "all exports are complete")

    earlier.run("migrate", "--reference-schema")
    earlier.run("sample-data", "--tickets", str(_TICKETS))
    earlier.request(views[:quarter])
    now.run("migrate")
    with earlier.worker("earlier") as first:
        # The earlier version completes what this one has requested.
        now.request(views[quarter : 2 * quarter])
        await_all()
        with now.worker("now") as second:
            wait_until(lambda: "worker ready" in second.text, "the new worker is ready")
            earlier.request(views[2 * quarter : 3 * quarter])
            now.request(views[3 * quarter : -1])
            # It may have an export to hand back.
            first.stop()
            # This version completes what the earlier one has requested.
            earlier.request(views[-1:])
            await_all()
            second.stop()
    show(f"\ntwo versions with CHAOS_SEED={seed}: {first.completed} and {second.completed} exports")
    assert "Traceback" not in first.text + second.text, first.text + second.text
    end = EndState.of(arena)
    show(f"  {end.text}")
    assert len(end.jobs) == _EXPORTS
    end.require_whole()
    assert end.lost_attempts == 0
