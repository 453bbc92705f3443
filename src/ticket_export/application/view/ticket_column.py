"""What a host says of one exportable column, and how columns are looked up by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import attrs


class ColumnKind(StrEnum):
    """Decides which filter operators a column takes and how its cells are written."""

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
    """How the identifiers of an `ColumnKind.ID` column are written."""

    UUID = "uuid"
    INTEGER = "integer"
    TEXT = "text"


class ScopeRole(StrEnum):
    """Which part of a view's scope an ID column answers to."""

    TEAM = "team"
    ASSIGNEE = "assignee"


@attrs.frozen(kw_only=True)
class TicketColumn:
    """One column that may be exported.

    `name` is what a payload says (matched without regard to case), `label` what the header shows.
    `choices` lists a choice column's values in workflow order, which is how the column sorts and
    what a filter on it may name; left empty, any text may be named and the column sorts as text.
    """

    name: str
    label: str
    kind: ColumnKind
    searchable: bool = False
    filterable: bool = True
    sortable: bool = True
    choices: tuple[str, ...] = ()
    id_type: IdType = IdType.TEXT
    scope_role: ScopeRole | None = None

    @property
    def is_text(self) -> bool:
        """Whether its cells are text that somebody typed, hence may hold a formula."""
        typed = {ColumnKind.TEXT, ColumnKind.CHOICE}
        return self.kind in typed or (self.kind is ColumnKind.ID and self.id_type is IdType.TEXT)


class TicketColumns:
    """The columns of a ticket source, in their order, found by name without regard to case."""

    def __init__(self, columns: Iterable[TicketColumn]) -> None:
        self._by_name: dict[str, TicketColumn] = {}
        for column in columns:
            if column.name.lower() in self._by_name:
                raise ValueError(f"two columns are named {column.name!r}")
            self._by_name[column.name.lower()] = column

    def find(self, name: str) -> TicketColumn | None:
        """The column of that name, or None."""
        return self._by_name.get(name.lower())

    def find_scope(self, role: ScopeRole) -> TicketColumn | None:
        """The column that answers to that part of a scope, or None."""
        return next((column for column in self if column.scope_role is role), None)

    def __iter__(self) -> Iterator[TicketColumn]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
