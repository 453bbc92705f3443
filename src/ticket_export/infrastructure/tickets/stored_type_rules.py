"""Which stored types each kind of column accepts, and what to do about the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import attrs

from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn
from ticket_export.infrastructure.tickets.sql_types import STORED, SqlType, refusal, sql_type

# Texts that PostgreSQL compares in a way of their own, or with nothing else; cast to text they are as any other.
_PECULIAR_TEXTS = ("name", "char")
_EXTENSIONS_TEXT = "citext"
#: What `JoinedTags` reads.
_TAGS = ("jsonb", "json", "text", "character varying")


@attrs.frozen
class StoredType:
    """A type of PostgreSQL's, by the name that ``format_type`` writes: ``character varying``, ``integer[]``."""

    name: str
    is_enum: bool = False

    @property
    def is_moment(self) -> bool:
        """Whether it stores moments."""
        return self.sql_type is SqlType.MOMENT

    @property
    def is_peculiar_text(self) -> bool:
        """Whether it must be cast to be a text as any other."""
        # An extension's type may have its schema in front of its name, as a type of the host's own has.
        return self.is_enum or self.name in _PECULIAR_TEXTS or self.name.rpartition(".")[2] == _EXTENSIONS_TEXT

    @property
    def sql_type(self) -> SqlType:
        """The kind of type that it is."""
        if self.is_peculiar_text:
            return SqlType.TEXT
        return sql_type(STORED[self.name]) if self.name in STORED else SqlType.OTHER


#: Returns None for a stored type that is accepted, else what would be right, as the end of a sentence.
Rule: TypeAlias = Callable[[StoredType], str | None]


def rule_of(column: TicketColumn) -> Rule:
    """The rule for a column of the catalog."""
    return _RULES.get(column.kind) or partial(_refused_by_kind, column)


def refuse_no_moment(stored: StoredType) -> str | None:
    """For `date_column`, ``created_at`` and ``deleted_at``."""
    return None if stored.is_moment else "a moment is stored as timestamp (in UTC) or timestamptz"


def refuse_no_boolean(stored: StoredType) -> str | None:
    """For ``is_deleted``."""
    return None if stored.sql_type is SqlType.BOOLEAN else "it must be a condition, such as `column != 0`"


def refuse_no_tags(stored: StoredType) -> str | None:
    """For what `JoinedTags` reads."""
    return None if stored.name in _TAGS else "JoinedTags is for JSON; for an array use func.array_to_string(…, ', ')"


def _date_rule(stored: StoredType) -> str | None:
    return "day_column is for days without a time" if stored.name == "date" else refuse_no_moment(stored)


def _day_rule(stored: StoredType) -> str | None:
    if stored.is_moment:
        return "date_column is for moments, which have a time"
    return None if stored.name == "date" else "a day is stored as date"


def _refused_by_kind(column: TicketColumn, stored: StoredType) -> str | None:
    return refusal(column, stored.sql_type)


# Those that are not in the table of `sql_types`.
_RULES: dict[ColumnKind, Rule] = {ColumnKind.DATE: _date_rule, ColumnKind.DAY: _day_rule}
