"""How far a long step is: a bar where somebody watches, plain lines where nobody does."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import attrs
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ticket_export.entrypoints.cli.output import write_note

if TYPE_CHECKING:
    from collections.abc import Iterator


class ProgressView(Protocol):
    """Shows one step."""

    def show(self, stage: str, done: int, total: int | None) -> None:
        """`done` of `total`, which is None until it is known, are through `stage`."""
        ...

    def show_percent(self, stage: str, percent: int) -> None:
        """The same where no more is known, because somebody else does it."""
        ...


@contextmanager
def progress_view(unit: str) -> Iterator[ProgressView]:
    """The view of one step, counted in `unit`, on standard error."""
    if not _is_watched():
        yield PlainProgress(unit)
        return
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ProgressBar(unit, progress, progress.add_task("Starting", total=None, amount=""))


def _is_watched() -> bool:
    # A terminal that cannot move its cursor would get a new bar for every step.
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    console = Console(stderr=True)
    return console.is_terminal and not console.is_dumb_terminal


def _amount(done: int, total: int | None, unit: str) -> str:
    return "" if total is None else f"{done:,} of {total:,} {unit}"


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
        """Print a line, if there is news."""
        tenth = done * 10 // total if total else 0
        amount = _amount(done, total, self._unit)
        self._print(stage, tenth, f"{stage}: {tenth * 10} %, {amount}" if amount else f"{stage} …")

    def show_percent(self, stage: str, percent: int) -> None:
        """Print a line, if there is news."""
        self._print(stage, percent // 10, f"{stage}: {percent // 10 * 10} %")

    def _print(self, stage: str, tenth: int, line: str) -> None:
        if self._shown != (stage, tenth):
            self._shown = (stage, tenth)
            write_note(line)
