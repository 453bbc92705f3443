"""Which stored types each kind of column accepts, and what to do about the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from ticket_export.application.ticket_column import ColumnKind

_MOMENTS = {"timestamp with time zone", "timestamp without time zone"}


@attrs.frozen
class StoredType:
    """A type of PostgreSQL's, by the name that ``format_type`` writes: ``character varying``, ``integer[]``."""

    name: str
    is_enum: bool = False

    @property
    def is_moment(self) -> bool:
        """Whether it stores moments."""
        return self.name in _MOMENTS


#: Returns None for a stored type that is accepted, else what would be right, as the end of a sentence.
Rule: TypeAlias = Callable[[StoredType], str | None]


def refuse_no_moment(stored: StoredType) -> str | None:
    """For `date_column`, ``created_at`` and ``deleted_at``."""
    return None if stored.is_moment else "a moment is stored as timestamp (in UTC) or timestamptz"


def _date_rule(stored: StoredType) -> str | None:
    return "day_column is for days without a time" if stored.name == "date" else refuse_no_moment(stored)


def _day_rule(stored: StoredType) -> str | None:
    if stored.is_moment:
        return "date_column is for moments, which have a time"
    return None if stored.name == "date" else "a day is stored as date"


#: The rule for each kind of column; a kind that is absent accepts every type.
RULES: dict[ColumnKind, Rule] = {ColumnKind.DATE: _date_rule, ColumnKind.DAY: _day_rule}
