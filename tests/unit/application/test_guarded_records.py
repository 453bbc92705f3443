"""The guard on blocks of CSV does to each cell what `guard` does to its text."""

from __future__ import annotations

from itertools import permutations

from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import spreadsheet_texts
from ticket_export.application.formats.csv_format import encode_rows
from ticket_export.application.formula_guard import guard
from ticket_export.application.guarded_records import guard_records, need_guard

texts = spreadsheet_texts | st.text()
numbers = st.sampled_from(["", "-5", "5", "-2.50", "-Infinity", "NaN", "-1e-07", "-0"])
tables = st.lists(st.tuples(texts, numbers, texts), min_size=1, max_size=4)


@given(tables, st.permutations([0, 1, 2]))
@example([("", "-5", "-5"), ("-5", "-5", 'a,"-5')], [1, 0, 2])
@example([("a\r\n\r\nb", "-1", "a\t\tb"), ("\r\n", "-1", ";\r")], [0, 1, 2])
@example([("a\r\n \r\nb", "-1", "a\n \r\nb"), ("a; \r\n", "-1", "a\t \t")], [0, 1, 2])
def test_each_text_is_guarded_and_no_number(rows: list[tuple[str, str, str]], order: list[int]) -> None:
    is_text = [place != 1 for place in order]
    plain = [[row[place] for place in order] for row in rows]
    guarded = [[guard(row[place]) if place != 1 else row[place] for place in order] for row in rows]
    assert guard_records(encode_rows(plain), is_text) == encode_rows(guarded)


def test_what_is_not_a_number_is_guarded_in_a_column_of_numbers_too() -> None:
    for cell in ["=1", "-5+3", "-", "-a", "+5", "-5;=1", "- 5"]:
        for order in permutations([cell, "-5", "a,b"]):
            is_text = [each == "a,b" for each in order]
            expected = [guard(each) if each == cell else each for each in order]
            assert guard_records(encode_rows([order]), is_text) == encode_rows([expected])


def test_no_records_stay_no_bytes() -> None:
    assert guard_records(b"", [True]) == b""


@given(st.lists(texts, max_size=4))
@example(["\r\n"])
@example(["a;\r", ""])
def test_no_text_that_needs_a_guard_is_missed(cells: list[str]) -> None:
    assert need_guard(cells) or [guard(cell) for cell in cells] == cells


@given(st.lists(st.text(st.sampled_from("ab 1é票,"))))
def test_plain_texts_need_no_second_look(cells: list[str]) -> None:
    assert not need_guard(cells)
