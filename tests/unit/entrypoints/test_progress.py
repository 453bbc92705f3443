from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from ticket_export.entrypoints.cli.output.progress import PlainProgress, ProgressBar, progress_view


def test_without_a_terminal_every_stage_and_every_tenth_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_view("rows") as shown:
        assert isinstance(shown, PlainProgress)
        shown.show("Counting", 0, None)
        for done in range(2_001):
            shown.show("Exporting", done, 2_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["Counting …", "Exporting: 0 %, 0 of 2,000 rows", "Exporting: 10 %, 200 of 2,000 rows"]
    assert lines[-1] == "Exporting: 100 %, 2,000 of 2,000 rows"
    assert len(lines) == 12


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What standard error is from now on; pytest would take it out of a fixture's hands."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal)
    console = Console(file=terminal, force_terminal=True, width=100)
    monkeypatch.setattr("rich.console.Console", lambda stderr: console)
    return terminal


def test_on_a_terminal_there_is_a_bar_with_stage_percentage_and_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with progress_view("rows") as shown:
        assert isinstance(shown, ProgressBar)
        shown.show("Exporting", 1_500, 2_000)
    assert all(part in terminal.getvalue() for part in ("Exporting", "75%", "1,500 of 2,000 rows"))


def test_a_bar_has_a_label_before_its_first_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with progress_view("rows"):
        pass
    assert "Starting" in terminal.getvalue()


def test_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    a_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with progress_view("rows") as shown:
        assert isinstance(shown, PlainProgress)


@pytest.mark.parametrize(("done", "total", "percentage"), [(0, 0, 100), (0, 5, 0), (5, 5, 100)])
def test_of_nothing_everything_is_done(done: int, total: int, percentage: int) -> None:
    progress = Progress(console=Console(file=io.StringIO()))
    bar = ProgressBar("rows", progress, progress.add_task("", amount=""))
    bar.show("Exporting", done, total)
    assert progress.tasks[0].percentage == percentage


def test_what_somebody_else_does_is_shown_by_its_percentage(capsys: pytest.CaptureFixture[str]) -> None:
    plain = PlainProgress("rows")
    for percent in (0, 3, 47, 49, 100):
        plain.show_percent("Exporting", percent)
    assert capsys.readouterr().err.splitlines() == ["Exporting: 0 %", "Exporting: 40 %", "Exporting: 100 %"]
    progress = Progress(console=Console(file=io.StringIO()))
    bar = ProgressBar("rows", progress, progress.add_task("", amount=""))
    bar.show_percent("Exporting", 47)
    assert (progress.tasks[0].percentage, progress.tasks[0].description) == (47, "Exporting")


def test_progress_that_nobody_can_read_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    PlainProgress("rows").show("Exporting", 1, 2)
