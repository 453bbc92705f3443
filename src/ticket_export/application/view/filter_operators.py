"""The operators that a filter may use, by kind of column."""

from __future__ import annotations

from enum import StrEnum

from ticket_export.application.view.ticket_column import ColumnKind


class Operator(StrEnum):
    """An operator; its value is its name in a payload."""

    EQ = "eq"
    NEQ = "neq"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    NOT_STARTS_WITH = "not_starts_with"
    ENDS_WITH = "ends_with"
    NOT_ENDS_WITH = "not_ends_with"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    IS_ANY_OF = "is_any_of"
    IS_NONE_OF = "is_none_of"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS = "is"
    IS_BEFORE = "is_before"
    IS_AFTER = "is_after"
    IS_ON_OR_BEFORE = "is_on_or_before"
    IS_ON_OR_AFTER = "is_on_or_after"
    IS_WITHIN_PAST_DAYS = "is_within_past_days"
    IS_WITHIN_NEXT_DAYS = "is_within_next_days"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"

    @property
    def takes_no_value(self) -> bool:
        """Whether the operator needs no value."""
        return self in {Operator.IS_EMPTY, Operator.IS_NOT_EMPTY, Operator.IS_TRUE, Operator.IS_FALSE}

    @property
    def takes_many_values(self) -> bool:
        """Whether the operator takes a list."""
        return self in {Operator.IS_ANY_OF, Operator.IS_NONE_OF}


def _operators(names: str) -> tuple[Operator, ...]:
    return tuple(map(Operator, names.split()))


_TEXT = "contains not_contains starts_with not_starts_with ends_with not_ends_with"
_TIME = "is is_before is_after is_on_or_before is_on_or_after is_within_past_days is_within_next_days"
#: In the order in which a message lists them.
OPERATORS: dict[ColumnKind, tuple[Operator, ...]] = {
    ColumnKind.TEXT: _operators(f"eq neq {_TEXT} is_empty is_not_empty is_any_of is_none_of"),
    ColumnKind.NUMBER: _operators("eq neq gt gte lt lte is_empty is_not_empty is_any_of is_none_of"),
    ColumnKind.DATE: _operators(f"{_TIME} is_empty is_not_empty"),
    ColumnKind.DAY: _operators(f"{_TIME} is_empty is_not_empty"),
    ColumnKind.BOOLEAN: _operators("is_true is_false"),
    ColumnKind.CHOICE: _operators("eq neq is_any_of is_none_of is_empty is_not_empty"),
    ColumnKind.ID: _operators("eq neq is_any_of is_none_of is_empty is_not_empty"),
}

# Other systems' names of operators. On dates and days "is" is an operator of its own.
_ALIASES = {"is": Operator.EQ, "equals": Operator.EQ, "is_not": Operator.NEQ}
_DATE_ALIASES = {"eq": Operator.IS, "equals": Operator.IS}


def find_operator(name: str, kind: ColumnKind) -> Operator | None:
    """Return the operator that `name` means on a column of that kind, or None."""
    name = name.lower()
    aliases = _DATE_ALIASES if kind in {ColumnKind.DATE, ColumnKind.DAY} else _ALIASES
    named = aliases.get(name, name)
    return next((operator for operator in OPERATORS[kind] if operator == named), None)
