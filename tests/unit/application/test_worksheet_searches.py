"""What a worksheet's texts may not hold is found however often its first byte occurs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.formats.xlsx_rows import worksheet_rows
from ticket_export.application.formats.xlsx_texts import WorksheetTexts

WRITTEN = {"_x0041_": "_x005F_x0041_", "]]>": "]]&gt;", "\ufffe": "\ufffd", "\uffff": "\ufffd"}
HARMLESS = ["", "x", "a_b", "_y_x", "a]b", "]]", "]]x>", "\uff1d", "ï"]


@pytest.mark.parametrize("fill", ["", "x" * 5_000])
@given(texts=st.lists(st.sampled_from([*WRITTEN, *HARMLESS]), min_size=1, max_size=20))
def test_found_among_few_and_many_of_the_same_byte(fill: str, texts: list[str]) -> None:
    # A blank between two, so that they make no third one.
    written = " ".join([*(WRITTEN.get(each, each) for each in texts), fill])
    rows = worksheet_rows([[" ".join([*texts, fill])]])
    assert WorksheetTexts()(rows) == worksheet_rows([[""]]).replace(
        b"<c/>", f'<c t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'.encode()
    )
