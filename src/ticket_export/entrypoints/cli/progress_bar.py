"""The bar, for a terminal that can show one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ticket_export.entrypoints.cli.amount_text import amount_text


def is_possible() -> bool:
    """Whether standard error is a terminal that can move its cursor; another would get a new bar for every step."""
    console = Console(stderr=True)
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def progress_bar(unit: str) -> Iterator[ProgressBar]:
    """A bar on standard error for one step, counted in `unit`."""
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ProgressBar(unit, progress, progress.add_task("Starting", total=None, amount=""))


@attrs.frozen
class ProgressBar:
    """A bar with stage, percentage, amount and time."""

    _unit: str
    _progress: Progress
    _task: TaskID

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar."""
        # Of nothing, everything is done.
        completed, known = (1, 1) if total == 0 else (done, total)
        amount = amount_text(done, total, self._unit)
        self._progress.update(self._task, description=stage, completed=completed, total=known, amount=amount)

    def show_percent(self, stage: str, percent: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, description=stage, completed=percent, total=100, amount="")
