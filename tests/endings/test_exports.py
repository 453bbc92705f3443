"""Whatever ends the writers of an export, files and rows agree: over every storage that ships, with SQLite.

Real workers make the exports, and others finish what was lost. Then the sweep runs. Claimed: no file is half, no file
is without a row, no row without a file. See `test_writers` for the variables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic
from uuid import UUID

from tests.endings.conftest import ENDINGS
from tests.endings.desk import DeskEnd, desk, views
from tests.endings.export_ways import EXPORT_WAYS, ExportWay
from tests.endings.fork_server import ForkServer
from tests.endings.scene import Scene, scene
from tests.endings.tally import table

_EXPORTS = ENDINGS // 5


def test_no_ending_of_an_export_leaves_a_half_file_or_a_file_without_a_row_or_a_row_without_a_file(
    scenes: dict[str, Scene], tmp_path: Path, seed: str, show: Callable[[str], None]
) -> None:
    began_at, random = monotonic(), Random(seed)
    show(f"\n{_EXPORTS} exports end with TICKET_EXPORT_TEST_ENDINGS_SEED={seed}, on {', '.join(scenes)}")
    ends: dict[str, DeskEnd] = {}
    ended = Counter[tuple[str, str]]()
    try:
        for name, ways in _plan(scenes, random).items():
            with desk(scenes[name], tmp_path / f"desk-{name}") as each:
                played: dict[UUID, ExportWay] = {}
                for view, way in zip(views(len(ways), random), ways, strict=True):
                    job_id = each.arena.request(view)
                    way.play(each, job_id, random)
                    each.finish()
                    played[job_id] = way
                    ended[way.name, name] += 1
                ends[name] = each.end()
            for job_id, way in played.items():
                assert ends[name].statuses[job_id] in way.becomes, f"{name}: {way.name}"
    finally:
        show(_table(ended, {name: ends[name] for name in scenes if name in ends}))
        show(f"  {monotonic() - began_at:.0f} s")
    for name, end in ends.items():
        assert (end.half_files, end.files_without_row, end.rows_without_file, end.other_names) == ([], [], [], []), name


def test_half_file_and_file_without_a_row_and_row_without_a_file_are_noticed(
    fork_server: ForkServer, tmp_path: Path, seed: str
) -> None:
    with scene("local", tmp_path, fork_server) as local, desk(local, tmp_path / "desk") as each:
        for view in views(2, Random(seed)):
            each.arena.container.run_export()(each.arena.request(view))
        half, missing = sorted(key for key in local.storage.list("exports/") if key.endswith((".csv", ".ndjson")))
        local.place.put(half, b"half")
        local.storage.delete(missing)
        without_row = half.replace("tickets", "others")
        local.place.put(without_row, b"other")
        end = DeskEnd.of(each, orphans=0, stale=0)
        local.place.put("beside", b"other")
        other = DeskEnd.of(each, orphans=0, stale=0)
    assert (end.half_files, end.files_without_row, end.rows_without_file) == ([half], [without_row], [missing])
    assert end.other_names == []
    assert "beside" in other.other_names


def _plan(scenes: dict[str, Scene], random: Random) -> dict[str, list[ExportWay]]:
    """Each way once, on any store that has it; then any way on any store. Each store has an export."""
    fitting = {way: [name for name, each in scenes.items() if way.fits(each)] for way in EXPORT_WAYS}
    ways = [way for way in EXPORT_WAYS if fitting[way]]
    chosen = random.sample(ways, min(len(ways), _EXPORTS))
    chosen += random.choices(ways, k=_EXPORTS - len(chosen))
    plan = defaultdict[str, list[ExportWay]](list)
    for way in chosen:
        # The store with the fewest exports, so that no store is left out.
        plan[min(fitting[way], key=lambda name: (len(plan[name]), random.random()))].append(way)
    return plan


def _table(ended: Counter[tuple[str, str]], ends: dict[str, DeskEnd]) -> str:
    rows = {way.name: [ended[way.name, name] for name in ends] for way in EXPORT_WAYS}
    rows["all"] = [len(end.statuses) for end in ends.values()]
    for status in {status for end in ends.values() for status in end.statuses.values()}:
        label = status.developer_name.lower()
        rows[f"exports {label}"] = [[*end.statuses.values()].count(status) for end in ends.values()]
    rows["lost attempts"] = [end.lost_attempts for end in ends.values()]
    rows["files that the sweep removed"] = [end.orphans for end in ends.values()]
    rows["unfinished files that it removed"] = [end.stale for end in ends.values()]
    rows["half files"] = [len(end.half_files) for end in ends.values()]
    rows["files without a row"] = [len(end.files_without_row) + len(end.other_names) for end in ends.values()]
    rows["rows without a file"] = [len(end.rows_without_file) for end in ends.values()]
    return table(list(ends), rows)
