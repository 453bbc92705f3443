from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.run.progress import Progress, ignore_progress
from ticket_export.domain.progress_stage import ProgressStage


def percent(rows: int, total: int | None) -> int:
    return Progress(ProgressStage.EXPORTING, rows, total).percent


def test_percent_is_rounded_down_and_stays_below_a_hundred() -> None:
    assert [percent(rows, 3) for rows in (0, 1, 2, 3)] == [0, 33, 66, 99]


def test_nothing_counted_is_nothing_done() -> None:
    assert percent(5, None) == 0
    assert percent(0, 0) == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.none() | st.integers(0, 10**12))
def test_percent_never_falls_as_rows_grow_and_never_reaches_a_hundred(rows: int, more: int, total: int | None) -> None:
    assert 0 <= percent(rows, total) <= percent(rows + more, total) <= 99


def test_nobody_has_to_watch() -> None:
    ignore_progress(Progress(ProgressStage.COUNTING))
