"""The guard against formulas, claimed by a definition of its own.

OWASP ASVS 1.2.10, with the design's list of first characters; what spreadsheets drop from the front
of a cell is taken from Unicode's categories.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.formula_guard import INSIGNIFICANT, SUSPECTS, TRIGGERS, guard
from ticket_export.application.ticket_column import ColumnKind, TicketColumn

DANGEROUS = ["=", "+", "-", "@", "\t", "\r", "\x00", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
# Format characters (category Cf) that are seen, since they are signs of a script: they are significant.
FORMATS_END = "\ufff0"  # What follows annotates and tags; no spreadsheet drops it.
SEEN_FORMATS = {*map(chr, range(0x600, 0x606)), "\u06dd", "\u070f", "\u0890", "\u0891", "\u08e2"}

starts = st.text(st.sampled_from([" ", "\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e"]), max_size=3)
texts = st.text(st.characters(exclude_categories=()))


def takes_no_part(char: str) -> bool:
    """White space, or a mark that takes no room."""
    if char in DANGEROUS:
        return False
    return char.isspace() or (unicodedata.category(char) == "Cf" and char not in SEEN_FORMATS and char < FORMATS_END)


def is_dangerous(text: str) -> bool:
    significant = next((char for char in text if not takes_no_part(char)), "")
    return significant in DANGEROUS


@given(st.one_of(texts, st.tuples(starts, st.sampled_from(DANGEROUS), texts).map("".join)))
@example("=1+1")
@example(" =1+1")
@example("\n\u3000\uff1dcmd")
@example("\u202e@SUM(A1)")
@example("-5")
@example("a=1")
@example("")
@example(" ")
def test_a_text_gets_an_apostrophe_just_if_its_first_significant_character_is_dangerous(text: str) -> None:
    assert guard(text) == (f"'{text}" if is_dangerous(text) else text)


@given(texts)
def test_nothing_is_deleted(text: str) -> None:
    assert guard(text) in {text, f"'{text}"}


@given(starts, st.sampled_from(DANGEROUS), texts)
def test_taking_one_apostrophe_away_gives_the_text_back(start: str, first: str, rest: str) -> None:
    text = start + first + rest
    assert guard(text) == f"'{text}"
    assert guard(text)[1:] == text


@given(texts)
def test_a_guarded_text_is_guarded_enough(text: str) -> None:
    assert not is_dangerous(guard(text))
    assert guard(guard(text)) == guard(text)


@given(st.integers(), st.sampled_from(["x", "'", '"', "(", "1", "ä", "#"]), texts)
def test_harmless_texts_come_back_unchanged(number: int, first: str, rest: str) -> None:
    assert guard(first + rest) == first + rest
    assert guard(str(abs(number))) == str(abs(number))


@pytest.mark.parametrize("char", DANGEROUS, ids=ascii)
def test_every_dangerous_character_is_guarded_alone_and_behind_what_is_not_seen(char: str) -> None:
    assert guard(char) == f"'{char}"
    for hidden in INSIGNIFICANT:
        assert guard(hidden + char) == f"'{hidden}{char}"


def test_the_lists_are_those_of_the_design_and_of_unicode() -> None:
    plane = [chr(code) for code in range(0xFFF0)]
    assert set(DANGEROUS) == TRIGGERS
    assert {char for char in plane if takes_no_part(char)} == INSIGNIFICANT
    assert {*TRIGGERS, *INSIGNIFICANT} == SUSPECTS


def column(label: str) -> TicketColumn:
    return TicketColumn(name="x", label=label, kind=ColumnKind.NUMBER)


@pytest.mark.parametrize("label", ["=cmd|' /C calc'!A0", "+1", "\u3000@x", "\uff1dx"])
def test_labels_of_a_header_are_guarded_unless_switched_off(label: str) -> None:
    guarded = CsvFormat(bom=False).header([column(label)])
    unguarded = CsvFormat(bom=False, formula_guard=False).header([column(label)])
    assert guarded == f"'{label}\n".encode()
    assert unguarded == f"{label}\n".encode()
