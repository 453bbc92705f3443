from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, CommandError
from ticket_export.entrypoints.cli.output.standard_streams import binary_stdout, printable, whole_output, write_line
from ticket_export.entrypoints.cli.output.text_table import text_table


class _Broken(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


@given(st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"])))
def test_printable_text_is_one_line_that_can_be_written(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode()


def test_text_that_people_write_stays_as_it_is() -> None:
    text = "Straße 日本語 👩\u200d💻 मराठी"
    assert printable(text) == text


def test_a_terminal_that_lacks_a_character_shows_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding="ascii"))
    with whole_output():
        write_line("Zürich")
    assert kept.getvalue() == b"Z\\xfcrich\n"


def test_output_that_nobody_reads_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Broken(BrokenPipeError()))
    with pytest.raises(ClosedOutputError):
        write_line("text")


def test_output_that_does_not_fit_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Broken(OSError(28, "No space left on device")))
    with pytest.raises(CommandError, match="standard output cannot be written: No space left on device"):
        write_line("text")


def test_without_standard_output_there_is_none_for_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ClosedOutputError), binary_stdout():
        pytest.fail("there is nothing to write to")


def test_a_table_is_aligned_where_characters_are_two_cells_wide() -> None:
    assert text_table(("a", "b"), [("日本", None), ("x\ny", 2)]).splitlines() == ["a     b", "日本  -", "x\\ny  2"]
