"""The columns that a host offers for export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property

import attrs

from ticket_export.application.view.choices import Choice, choices_by_spelling, choices_of


class ColumnKind(StrEnum):
    """The kind of a column: it decides the filter operators and the form of the cells."""

    #: Free text; compared without regard to letter case.
    TEXT = "text"
    #: An integer or decimal.
    NUMBER = "number"
    #: A moment, stored in UTC, shown in the view's time zone.
    DATE = "date"
    #: A day without a time, the same in every time zone.
    DAY = "day"
    #: True or false.
    BOOLEAN = "boolean"
    #: One of a few texts with a rank of their own, such as a status.
    CHOICE = "choice"
    #: The identifier of something else: a user, a team, a contact.
    ID = "id"


class IdType(StrEnum):
    """The type of the identifiers of a `ColumnKind.ID` column."""

    UUID = "uuid"
    INTEGER = "integer"
    TEXT = "text"


class ScopeRole(StrEnum):
    """The part of a view's scope that restricts an ID column."""

    TEAM = "team"
    ASSIGNEE = "assignee"


@attrs.frozen(kw_only=True)
class TicketColumn:
    """One column that may be exported.

    `name` is the name in payloads, in any letter case; `label` is the text in the header. `choices` of a choice column
    are in workflow order: texts, or a mapping of values to labels. The column sorts in this order and shows the labels,
    and a filter may name only these. Any other stored value is shown as it is and sorts, by its text, after the
    choices. Without choices a filter may name any text, and the column sorts as text.
    """

    name: str
    label: str
    kind: ColumnKind
    searchable: bool = False
    filterable: bool = True
    sortable: bool = True
    choices: tuple[Choice, ...] = attrs.field(default=(), converter=choices_of)
    id_type: IdType = IdType.TEXT
    scope_role: ScopeRole | None = None

    @property
    def is_text(self) -> bool:
        """Whether the cells are typed text, which may hold a formula."""
        typed = {ColumnKind.TEXT, ColumnKind.CHOICE}
        return self.kind in typed or (self.kind is ColumnKind.ID and self.id_type is IdType.TEXT)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The labels by value of those choices whose label is not the value."""
        return {choice.value: choice.label for choice in self.choices if choice.label != choice.value}

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The places of the choices in workflow order, by value."""
        return {choice.value: rank for rank, choice in enumerate(self.choices)}

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """The value that each spelling in a filter means; look for a text as it is, then in lower case."""
        return choices_by_spelling(self.choices)


class TicketColumns:
    """The columns of a ticket source, in order; names are found in any letter case.

    `is_complete` says whether the actor may see every row and every column of the source.
    """

    def __init__(self, columns: Iterable[TicketColumn], *, is_complete: bool = True) -> None:
        self.is_complete = is_complete
        self._by_name: dict[str, TicketColumn] = {}
        for column in columns:
            if column.name.lower() in self._by_name:
                raise ValueError(f"two columns are named {column.name!r}")
            self._by_name[column.name.lower()] = column

    def find(self, name: str) -> TicketColumn | None:
        """The column of that name, or None."""
        return self._by_name.get(name.lower())

    def find_scope(self, role: ScopeRole) -> TicketColumn | None:
        """The column of that scope role, or None."""
        return next((column for column in self if column.scope_role is role), None)

    def __iter__(self) -> Iterator[TicketColumn]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
