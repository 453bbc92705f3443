from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.view.conditions import fold


@pytest.mark.parametrize(
    ("part", "whole"), [("ΟΔΟΣ", "ΟΔΟΣΤΡΩΜΑ"), ("straße", "STRAßE"), ("ÄRGER", "Großer Ärger"), ("50%", "50% off")]
)
def test_part_of_a_word_is_found_in_it(part: str, whole: str) -> None:
    assert fold(part) in fold(whole)


@given(st.text(), st.text(), st.text())
def test_every_exact_part_is_found(before: str, part: str, after: str) -> None:
    assert fold(part) in fold(before + part + after)
