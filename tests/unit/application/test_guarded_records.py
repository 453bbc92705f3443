"""The guard on blocks of CSV does to each cell what `guard` does to its text."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import spreadsheet_texts
from ticket_export.application.formats.csv_format import encode_rows
from ticket_export.application.formula_guard import guard
from ticket_export.application.guarded_records import guard_records

texts = spreadsheet_texts | st.text()
delimiters = st.sampled_from([",", ";", "\t"])
numbers = st.sampled_from(["", "-5", "5", "-2.50", "-Infinity", "NaN", "-1e-07", "-0"])
tables = st.lists(st.tuples(texts, numbers, texts), min_size=1, max_size=4)


@given(tables, st.permutations([0, 1, 2]), delimiters)
@example([("", "-5", "-5"), ("-5", "-5", 'a,"-5')], [1, 0, 2], ",")
@example([("", "-5", "-5"), ("-5", "-5", 'a,"-5')], [1, 0, 2], ";")
@example([("a\r\n\r\nb", "-1", "a\t\tb"), ("\r\n", "-1", ";\r")], [0, 1, 2], ",")
@example([("a\r\n\r\nb", "-1", "a\t\tb"), ("\r\n", "-1", ";\r")], [0, 1, 2], "\t")
@example([("a\r\n \r\nb", "-1", "a\n \r\nb"), ("a; \r\n", "-1", "a\t \t")], [0, 1, 2], ",")
@example([("a, \r\n=1", "-1", "a,\r\nb"), ("a; \r\n", "-1", "a;\r\n")], [0, 1, 2], ";")
@example([("a, \r\n=1", "-1", "a,\r\nb"), ("a\t \r\n", "-1", "a\t\r\n")], [0, 1, 2], "\t")
def test_each_text_is_guarded_and_no_number(rows: list[tuple[str, str, str]], order: list[int], delimiter: str) -> None:
    is_text = [place != 1 for place in order]
    plain = [[row[place] for place in order] for row in rows]
    guarded = [
        [guard(row[place], delimiter=delimiter) if place != 1 else row[place] for place in order] for row in rows
    ]
    records = guard_records(encode_rows(plain, delimiter=delimiter), is_text, delimiter=delimiter)
    assert records == encode_rows(guarded, delimiter=delimiter)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=ascii)
@pytest.mark.parametrize("cell", ["=1", "-5+3", "-", "-a", "+5", "-5;=1", "-5,=1", "-5\t=1", "-5,3", "-5\n=1", "- 5"])
def test_what_is_not_a_number_is_guarded_in_a_column_of_numbers_too(cell: str, delimiter: str) -> None:
    for order in permutations([cell, "-5", "a,b"]):
        is_text = [each == "a,b" for each in order]
        expected = [guard(each, delimiter=delimiter) if each == cell else each for each in order]
        records = guard_records(encode_rows([order], delimiter=delimiter), is_text, delimiter=delimiter)
        assert records == encode_rows([expected], delimiter=delimiter)


def test_no_records_stay_no_bytes() -> None:
    assert guard_records(b"", [True]) == b""
