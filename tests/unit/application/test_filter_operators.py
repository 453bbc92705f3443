"""The design's table of operators by kind of column, cell by cell."""

from __future__ import annotations

import pytest

from ticket_export.application.view.filter_operators import Operator, find_operator
from ticket_export.application.view.ticket_column import ColumnKind

DESIGN = {
    "text": "eq neq contains not_contains starts_with not_starts_with ends_with not_ends_with"
    " is_empty is_not_empty is_any_of is_none_of",
    "number": "eq neq gt gte lt lte is_empty is_not_empty is_any_of is_none_of",
    "date": "is is_before is_after is_on_or_before is_on_or_after is_within_past_days is_within_next_days"
    " is_empty is_not_empty",
    "day": "is is_before is_after is_on_or_before is_on_or_after is_within_past_days is_within_next_days"
    " is_empty is_not_empty",
    "boolean": "is_true is_false",
    "choice": "eq neq is_any_of is_none_of is_empty is_not_empty",
    "id": "eq neq is_any_of is_none_of is_empty is_not_empty",
}
EVERY = sorted({name for row in DESIGN.values() for name in row.split()})
ALIASES = {"is": "eq", "equals": "eq", "is_not": "neq"}
#: On a date or a day "is" stands for itself, and so do the other two names of the same thing.
DATE_ALIASES = {"eq": "is", "equals": "is"}


def designed(name: str, kind: ColumnKind) -> str | None:
    read = (DATE_ALIASES if kind in {ColumnKind.DATE, ColumnKind.DAY} else ALIASES).get(name, name)
    return read if read in DESIGN[kind].split() else None


def test_the_table_has_every_kind_and_every_operator() -> None:
    assert list(DESIGN) == list(ColumnKind)
    assert sorted(Operator) == EVERY


@pytest.mark.parametrize("kind", ColumnKind)
@pytest.mark.parametrize("name", [*EVERY, "equals", "is_not", "", "like", "eq ", "\ud800"])
def test_a_name_means_what_the_design_says_or_nothing(name: str, kind: ColumnKind) -> None:
    assert find_operator(name, kind) == designed(name, kind)
    assert find_operator(name.upper(), kind) == designed(name, kind)


def test_the_table_is_no_tautology() -> None:
    assert find_operator("contains", ColumnKind.TEXT) is Operator.CONTAINS
    assert find_operator("contains", ColumnKind.NUMBER) is None
    assert find_operator("is", ColumnKind.TEXT) is Operator.EQ
    assert find_operator("is", ColumnKind.DATE) is Operator.IS
    assert find_operator("is_not", ColumnKind.DATE) is None
    assert find_operator("is", ColumnKind.BOOLEAN) is None


def test_operators_know_how_many_values_they_take() -> None:
    assert {each for each in Operator if each.takes_no_value} == {"is_empty", "is_not_empty", "is_true", "is_false"}
    assert {each for each in Operator if each.takes_many_values} == {"is_any_of", "is_none_of"}
