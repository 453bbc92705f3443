"""Which operators a filter may use on which kind of column."""

from __future__ import annotations

from enum import StrEnum

from ticket_export.application.view.ticket_column import ColumnKind


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


_EMPTINESS = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
_MEMBERSHIP = (Operator.IS_ANY_OF, Operator.IS_NONE_OF)
_IDENTITY = (Operator.EQ, Operator.NEQ, *_MEMBERSHIP, *_EMPTINESS)

_TIME = (
    Operator.IS,
    Operator.IS_BEFORE,
    Operator.IS_AFTER,
    Operator.IS_ON_OR_BEFORE,
    Operator.IS_ON_OR_AFTER,
    Operator.IS_WITHIN_PAST_DAYS,
    Operator.IS_WITHIN_NEXT_DAYS,
    *_EMPTINESS,
)

OPERATORS: dict[ColumnKind, tuple[Operator, ...]] = {
    ColumnKind.TEXT: (
        Operator.EQ,
        Operator.NEQ,
        Operator.CONTAINS,
        Operator.NOT_CONTAINS,
        Operator.STARTS_WITH,
        Operator.NOT_STARTS_WITH,
        Operator.ENDS_WITH,
        Operator.NOT_ENDS_WITH,
        *_EMPTINESS,
        *_MEMBERSHIP,
    ),
    ColumnKind.NUMBER: (
        Operator.EQ,
        Operator.NEQ,
        Operator.GT,
        Operator.GTE,
        Operator.LT,
        Operator.LTE,
        *_EMPTINESS,
        *_MEMBERSHIP,
    ),
    ColumnKind.DATE: _TIME,
    ColumnKind.DAY: _TIME,
    ColumnKind.BOOLEAN: (Operator.IS_TRUE, Operator.IS_FALSE),
    ColumnKind.CHOICE: _IDENTITY,
    ColumnKind.ID: _IDENTITY,
}

# What other systems call the same thing. On dates and days "is" is an operator of its own.
_ALIASES = {"is": Operator.EQ, "equals": Operator.EQ, "is_not": Operator.NEQ}
_DATE_ALIASES = {"eq": Operator.IS, "equals": Operator.IS}


def find_operator(name: str, kind: ColumnKind) -> Operator | None:
    """The operator that `name` means on a column of that kind, or None if it means none there."""
    name = name.lower()
    aliases = _DATE_ALIASES if kind in {ColumnKind.DATE, ColumnKind.DAY} else _ALIASES
    named = aliases.get(name, name)
    return next((operator for operator in OPERATORS[kind] if operator == named), None)
