"""The benchmarks of the web measure what they say, on a small scale."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.click_to_file import measure as measure_clicks
from benchmarks.status_pages import Reading, measure
from benchmarks.web.served import served
from benchmarks.web.watched_exports import watched_exports


@pytest.mark.parametrize("host", ["Flask", "FastAPI"])
def test_pages_of_the_same_exports_share_the_answers_of_the_database(tmp_path: Path, host: str) -> None:
    exports = watched_exports(f"sqlite:///{tmp_path}/desk.db", (tmp_path / "files").as_uri(), count=2)
    reading = Reading(host=host, exports=2, accept="text/html")
    with served(host, exports.settings) as server:
        result = measure(exports, server, reading, database="SQLite", pages=20, seconds=3, uncounted=2.5)
    exports.container.engine().dispose()
    asks = sum(map(len, result.asks.values()))
    # Each export is read, and of the readers of one most get the answer that another one caused.
    assert len(result.asks) == 2
    assert asks <= 2 * 4
    assert len(result.answers) > 2 * asks
    assert {each.status for each in result.answers} == {200, 304}


def test_every_client_gets_the_same_file(tmp_path: Path) -> None:
    timings = measure_clicks(f"sqlite:///{tmp_path}/desk.db", tmp_path, tickets=20, rounds=1)
    assert {len(each) for each in timings.values()} == {1}
    contents = {each.content for every in timings.values() for each in every}
    assert len(contents) == 1
    assert all(each.asks > 0 for every in timings.values() for each in every)
