"""Which operators a filter may use on which kind of column."""

from __future__ import annotations

from enum import StrEnum

from ticket_export.application.ticket_column import ColumnKind


class Operator(StrEnum):
    """Every operator, by the name that a payload gives it."""

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
        """Whether the operator says everything by itself."""
        return self in {Operator.IS_EMPTY, Operator.IS_NOT_EMPTY, Operator.IS_TRUE, Operator.IS_FALSE}

    @property
    def takes_many_values(self) -> bool:
        """Whether the operator takes a list."""
        return self in {Operator.IS_ANY_OF, Operator.IS_NONE_OF}


_O = Operator
_EMPTINESS = (_O.IS_EMPTY, _O.IS_NOT_EMPTY)
_MEMBERSHIP = (_O.IS_ANY_OF, _O.IS_NONE_OF)
_IDENTITY = (_O.EQ, _O.NEQ, *_MEMBERSHIP, *_EMPTINESS)

OPERATORS: dict[ColumnKind, tuple[Operator, ...]] = {
    ColumnKind.TEXT: (
        _O.EQ,
        _O.NEQ,
        _O.CONTAINS,
        _O.NOT_CONTAINS,
        _O.STARTS_WITH,
        _O.NOT_STARTS_WITH,
        _O.ENDS_WITH,
        _O.NOT_ENDS_WITH,
        *_EMPTINESS,
        *_MEMBERSHIP,
    ),
    ColumnKind.NUMBER: (_O.EQ, _O.NEQ, _O.GT, _O.GTE, _O.LT, _O.LTE, *_EMPTINESS, *_MEMBERSHIP),
    ColumnKind.DATE: (
        _O.IS,
        _O.IS_BEFORE,
        _O.IS_AFTER,
        _O.IS_ON_OR_BEFORE,
        _O.IS_ON_OR_AFTER,
        _O.IS_WITHIN_PAST_DAYS,
        _O.IS_WITHIN_NEXT_DAYS,
        *_EMPTINESS,
    ),
    ColumnKind.BOOLEAN: (_O.IS_TRUE, _O.IS_FALSE),
    ColumnKind.CHOICE: _IDENTITY,
    ColumnKind.ID: _IDENTITY,
}

# What other systems call the same thing. On a date "is" is an operator of its own.
_ALIASES = {"is": _O.EQ, "equals": _O.EQ, "is_not": _O.NEQ}
_DATE_ALIASES = {"eq": _O.IS, "equals": _O.IS}


def find_operator(name: str, kind: ColumnKind) -> Operator | None:
    """The operator that `name` means on a column of that kind, or None if it means none there."""
    name = name.lower()
    aliases = _DATE_ALIASES if kind is ColumnKind.DATE else _ALIASES
    named = aliases.get(name, name)
    return next((operator for operator in OPERATORS[kind] if operator == named), None)
