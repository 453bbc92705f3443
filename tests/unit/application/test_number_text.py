"""How numbers are written: PostgreSQL's spelling, in Python."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.number_text import decimal_text, float_text, number_cell, number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0.0, "0"), (-0.0, "0"), (2.0, "2"), (-2.5, "-2.5"), (0.1, "0.1"), (0.1 + 0.2, "0.30000000000000004")),
        *((1e14, "100000000000000"), (1e15, "1e+15"), (123456789012345.6, "123456789012345.6"), (1e16, "1e+16")),
        *(
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
        ),
        *((5e-324, "5e-324"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity"), (float("nan"), "NaN")),
    ],
)
def test_float_is_written_as_postgresql_writes_it(number: float, text: str) -> None:
    assert float_text(number) == text


@given(st.floats(allow_nan=False))
def test_float_is_read_back_from_its_text(number: float) -> None:
    assert float(float_text(number)) == number


@pytest.mark.parametrize(
    ("number", "scale", "text"),
    [
        *((Decimal("2.5"), 2, "2.50"), (3, 2, "3.00"), (2.5, 2, "2.50"), (Decimal("2.505"), 2, "2.505")),
        *((Decimal("2.50"), 0, "2.5"), (Decimal("1E+20"), 0, "1" + "0" * 20), (1e16, 0, "1" + "0" * 16)),
        *((Decimal("-0.00"), 2, "0.00"), (-0.0, 0, "0"), (Decimal("0.000001"), 0, "0.000001"), (-7, 0, "-7")),
        *((Decimal("NaN"), 2, "NaN"), (Decimal("-Infinity"), 2, "-Infinity"), (float("inf"), 2, "Infinity")),
    ],
)
def test_decimal_has_the_decimals_of_its_column_and_those_it_needs(
    number: float | Decimal, scale: int, text: str
) -> None:
    assert decimal_text(number, scale) == text


def test_number_that_a_column_holds_as_a_text_is_a_number_and_another_text_is_not() -> None:
    number = number_cell("2.5", is_float=False, scale=2)
    assert isinstance(number, Decimal)
    assert number_text(number) == "2.50"
    assert number_cell("=1+1", is_float=False, scale=2) == "=1+1"
    assert number_cell("2.5", is_float=True, scale=0) == 2.5


@pytest.mark.parametrize(
    ("stored", "is_float", "scale", "text"),
    [
        *((2, True, 0, "2"), (2, False, 2, "2.00"), (10**30, False, 0, "1" + "0" * 30), (-0.0, False, 1, "0.0")),
        *((Decimal("NaN"), False, 2, "NaN"), (float("inf"), True, 0, "Infinity"), (0.1, False, 0, "0.1")),
    ],
)
def test_cell_of_a_number_has_the_text_of_its_column(
    stored: float | Decimal, is_float: bool, scale: int, text: str
) -> None:
    number = number_cell(stored, is_float=is_float, scale=scale)
    assert not isinstance(number, str)
    assert number_text(number) == text
