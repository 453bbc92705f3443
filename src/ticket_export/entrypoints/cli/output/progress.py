"""The progress of a long step: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import attrs

from ticket_export.entrypoints.cli.output.standard_streams import write_note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressView(Protocol):
    """Shows one step."""

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` are through `stage`; the total is None until it is known."""
        ...

    def show_percent(self, stage: str, percent: int) -> None:
        """Show a percentage, where only that is known because another process runs the export."""
        ...


@contextmanager
def progress_view(unit: str) -> Iterator[ProgressView]:
    """Return the view of one step, counted in `unit`, on standard error."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield PlainProgress(unit)
        return
    # A worker without a terminal does not load them.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        # It cannot move its cursor, so each step would print a new bar.
        yield PlainProgress(unit)
        return
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield ProgressBar(unit, progress, progress.add_task("Starting", total=None, amount=""))


@attrs.frozen
class ProgressBar:
    """A bar with stage, percentage, amount and time."""

    _unit: str
    _progress: Progress
    _task: TaskID

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar."""
        # Zero of zero is all of it.
        completed, known = (1, 1) if total == 0 else (done, total)
        amount = _amount(done, total, self._unit)
        self._progress.update(self._task, description=stage, completed=completed, total=known, amount=amount)

    def show_percent(self, stage: str, percent: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, description=stage, completed=percent, total=100, amount="")


@attrs.define
class PlainProgress:
    """A line for every stage and every tenth of it."""

    _unit: str
    _shown: tuple[str, int] | None = None

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Print a line if the stage or the tenth is new."""
        tenth = done * 10 // total if total else 0
        amount = _amount(done, total, self._unit)
        self._print(stage, tenth, f"{stage}: {tenth * 10} %, {amount}" if amount else f"{stage} …")

    def show_percent(self, stage: str, percent: int) -> None:
        """Print a line if the stage or the tenth is new."""
        self._print(stage, percent // 10, f"{stage}: {percent // 10 * 10} %")

    def _print(self, stage: str, tenth: int, line: str) -> None:
        if self._shown != (stage, tenth):
            self._shown = (stage, tenth)
            write_note(line)


def _amount(done: int, total: int | None, unit: str) -> str:
    return "" if total is None else f"{done:,} of {total:,} {unit}"
