"""The guard against formulas, claimed by a splitter and by definitions of the tests' own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ticket_export
from tests.spreadsheet import TRIGGERS as DANGEROUS
from tests.spreadsheet import all_cells, is_formula, is_unseen
from tests.strategies import spreadsheet_texts
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formula_guard import INSIGNIFICANT, LINE_BREAKS, SEPARATORS, TRIGGERS, guard, unguard
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

any_text = st.text(st.characters(exclude_categories=()))
texts = spreadsheet_texts | any_text
encodable_texts = spreadsheet_texts | st.text()
delimiters = st.sampled_from(sorted(SEPARATORS))

#: What somebody wrote, and what stands in a file whose delimiter is a comma.
GUARDED = {
    "=1+1": "'=1+1",
    "+48 22 123": "'+48 22 123",
    "'=1": "''=1",
    "''-1": "'''-1",
    "note;=1+1": "note;'=1+1",
    "a\t=1+1": "a\t'=1+1",
    "\t=1+1": "'\t'=1+1",
    "x;  +1": "x;'  +1",
    "line\n=1+1": "line\n'=1+1",
    "line\r=1+1": "line\r'=1+1",
    "line\r\n=1+1": "line\r\n'=1+1",
    "\n=1": "\n'=1",
    'q";=1+1': "q\";'=1+1",
    'a;"=1+1;b': "a;'\"=1+1;b",
    '"=1': "'\"=1",
    "a;'=1": "a;''=1",
    "x;\t=1": "x;'\t'=1",
    "a\x0b=1": "a\x0b'=1",
    "a\u2028\u200b@x": "a\u2028'\u200b@x",
    "\x7f=1": "'\x7f=1",
    "\u3164\uff1d1": "'\u3164\uff1d1",
    "\r\n": "'\r\n",
    "\n\r\n": "\n'\r\n",
    "a;\r\n=1": "a;\r\n'=1",
}
#: Texts that no program takes for formulas.
HARMLESS = [
    "",
    "a=1",
    "a, =1",
    "'quoted'",
    "mail@example.test; see below",
    "first;\r\n \r\n\r\nsecond",
    "Name:\t\tvalue",
    "a;b;c",
    "it's; 'fine'",
]


@pytest.mark.parametrize("text", GUARDED, ids=ascii)
def test_apostrophe_stands_where_a_cell_may_begin_with_a_trigger(text: str) -> None:
    assert guard(text) == GUARDED[text]
    assert unguard(GUARDED[text]) == text


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert guard(text) == unguard(text) == text


@given(texts, delimiters)
@example("=7", ",")
@example("'=7", ",")
@example("\t'\t", "\t")
@example("\r'\r\n", ",")
@example("a\t'\tb", ",")
def test_unguard_returns_the_exact_text(text: str, delimiter: str) -> None:
    assert unguard(guard(text, delimiter=delimiter), delimiter=delimiter) == text


@given(texts)
def test_nothing_but_apostrophes_is_added(text: str) -> None:
    assert guard(text).replace("'", "") == text.replace("'", "")


@given(st.lists(st.tuples(encodable_texts, encodable_texts, encodable_texts), min_size=1, max_size=3), delimiters)
@example([("x", "x", "x;"), ('"=1', "", "")], ",")
@example([('x;"', 'x;"', 'x;"'), ("=1", 'x"', '"')], ",")
@example([("x\n", "x\n", "x\n"), ("=1", "\n", "a")], ",")
@example([("a", 'b;""=1', "\n;\"'=1")], ",")
@example([("a", 'b,""=1', "\n,\"'=1")], ";")
@example([("x,", 'x,"', "x\t"), ("=1", '"=1', "a,\r\n=1")], "\t")
def test_no_program_shows_a_formula_whatever_it_splits_at(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    data = CsvFormat(delimiter=delimiter).rows([column("text")] * 3, rows)
    assert [cell for cell in all_cells(data, delimiter) if is_formula(cell, delimiter)] == []


@given(st.lists(encodable_texts, min_size=1, max_size=3), st.booleans(), delimiters)
def test_no_program_shows_a_formula_in_the_header(labels: list[str], bom: bool, delimiter: str) -> None:
    header = CsvFormat(bom=bom, delimiter=delimiter).container([column(label) for label in labels]).begin()
    assert [cell for cell in all_cells(header, delimiter) if is_formula(cell, delimiter)] == []


@pytest.mark.parametrize("delimiter", sorted(SEPARATORS), ids=ascii)
def test_each_delimiter_is_left_alone_and_the_others_are_not(delimiter: str) -> None:
    for separator in SEPARATORS:
        guarded = f"x{separator}=1" if separator == delimiter else f"x{separator}'=1"
        assert guard(f"x{separator}=1", delimiter=delimiter) == guarded


@pytest.mark.parametrize("char", sorted(DANGEROUS), ids=ascii)
def test_every_trigger_is_guarded_alone_and_behind_what_is_not_seen(char: str) -> None:
    assert guard(char) == f"'{char}"
    for hidden in INSIGNIFICANT:
        assert guard(hidden + char) == f"'{hidden}{char}"
        assert guard(f"x;{hidden}{char}x") == f"x;'{hidden}{char}x"


def test_the_lists_are_those_of_the_design_and_of_unicode() -> None:
    plane = [chr(code) for code in range(0x10000)]
    assert {char for char in plane if len(f"a{char}b".splitlines()) == 2} == LINE_BREAKS
    assert DANGEROUS == TRIGGERS
    assert {char for char in plane if is_unseen(char)} <= INSIGNIFICANT | TRIGGERS | LINE_BREAKS
    seen = {char for char in INSIGNIFICANT if unicodedata.category(char)[0] in "LNPS"}
    assert {char for char in seen if "FILLER" not in unicodedata.name(char)} == {'"', "\u2800"}


def test_host_finds_the_inverse_in_the_package() -> None:
    assert ticket_export.unguard is unguard


def column(label: str) -> TicketColumn:
    return TicketColumn(name="x", label=label, kind=ColumnKind.NUMBER)


@pytest.mark.parametrize("label", ["=cmd|' /C calc'!A0", "+1", "\u3000@x", "\uff1dx"])
def test_labels_of_a_header_are_guarded_unless_switched_off(label: str) -> None:
    guarded = CsvFormat(bom=False).container([column(label)]).begin()
    unguarded = CsvFormat(bom=False, formula_guard=False).container([column(label)]).begin()
    assert guarded == f"'{label}\n".encode()
    assert unguarded == f"{label}\n".encode()
