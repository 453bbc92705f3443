"""How far a long step is: a bar where somebody watches, plain lines where nobody does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import attrs

from ticket_export.entrypoints.cli.amount_text import amount_text
from ticket_export.entrypoints.cli.output import write_note


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
    if sys.stderr is None or not sys.stderr.isatty():
        yield PlainProgress(unit)
        return
    # Who works unwatched, for months perhaps, need not carry it.
    from ticket_export.entrypoints.cli.progress_bar import is_possible, progress_bar

    if not is_possible():
        yield PlainProgress(unit)
        return
    with progress_bar(unit) as bar:
        yield bar


@attrs.define
class PlainProgress:
    """A line for every stage and every tenth of it."""

    _unit: str
    _shown: tuple[str, int] | None = None

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Print a line, if there is news."""
        tenth = done * 10 // total if total else 0
        amount = amount_text(done, total, self._unit)
        self._print(stage, tenth, f"{stage}: {tenth * 10} %, {amount}" if amount else f"{stage} …")

    def show_percent(self, stage: str, percent: int) -> None:
        """Print a line, if there is news."""
        self._print(stage, percent // 10, f"{stage}: {percent // 10 * 10} %")

    def _print(self, stage: str, tenth: int, line: str) -> None:
        if self._shown != (stage, tenth):
            self._shown = (stage, tenth)
            write_note(line)
