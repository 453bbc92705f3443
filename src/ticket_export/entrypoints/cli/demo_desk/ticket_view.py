"""The view of the list that a visitor looks at: its filters, search, sort and columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import attrs
from werkzeug.datastructures import MultiDict

from ticket_export.infrastructure.help_desk.catalog import PRIORITIES, STATUSES

#: The columns that are always shown, and those that the visitor chooses.
FIXED: Final = ("id", "title")
CHOSEN: Final = ("status", "contactName", "assigneeName", "lastModificationTime")
OPTIONAL: Final = (
    *("status", "priority", "contactName", "assigneeName", "teamName", "creationTime", "lastModificationTime"),
)
#: The statuses of tickets that somebody still has to work on, and the name of this choice.
UNSOLVED: Final = "unsolved"
_UNSOLVED_STATUSES: Final = ("new", "open", "in_progress", "pending")
ALL: Final = "all"
_SORT: Final = "-lastModificationTime"
_LONGEST_SEARCH: Final = 200
_LAST_PAGE: Final = 1_000_000


@attrs.frozen(kw_only=True)
class TicketView:
    """What a visitor looks at. `sort` is the name of a column, after a minus if the order is descending."""

    search: str = ""
    status: str = UNSOLVED
    priority: str = ALL
    sort: str = _SORT
    columns: tuple[str, ...] = CHOSEN
    page: int = 1

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> TicketView:
        """Return the view of a query or a form. What it does not know has its default."""
        status, priority, sort = (fields.get(name, "") for name in ("status", "priority", "sort"))
        columns = tuple(name for name in OPTIONAL if name in fields.getlist("columns"))
        page = fields.get("page", "")
        return cls(
            search=fields.get("search", "").strip()[:_LONGEST_SEARCH],
            status=status if status in {ALL, *STATUSES} else UNSOLVED,
            priority=priority if priority in PRIORITIES else ALL,
            sort=sort if sort.removeprefix("-") in {*FIXED, *OPTIONAL} else _SORT,
            columns=columns or CHOSEN,
            page=min(int(page), _LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 10 else 1,
        )

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """What differs from the view that a new visitor sees, as the fields of a form."""
        values = {name: value for name, value in attrs.asdict(self).items() if value != getattr(_NEW, name)}
        chosen = [("columns", column) for column in values.pop("columns", ())]
        return [*((name, str(value)) for name, value in values.items()), *chosen]

    @property
    def path(self) -> str:
        """The path of the list with this view."""
        return f"/?{urlencode(self.fields)}" if self.fields else "/"

    @property
    def payload(self) -> Mapping[str, object]:
        """The view as the library's payload."""
        filters = []
        if self.status != ALL:
            statuses = _UNSOLVED_STATUSES if self.status == UNSOLVED else (self.status,)
            filters.append({"field": "status", "operator": "is_any_of", "value": ", ".join(statuses)})
        if self.priority != ALL:
            filters.append({"field": "priority", "operator": "eq", "value": self.priority})
        view: dict[str, object] = {
            "columns": [*FIXED, *self.columns],
            "filters": filters,
            "sortField": self.sort.removeprefix("-"),
            "sortDirection": "desc" if self.sort.startswith("-") else "asc",
        }
        return {**view, "searchTerm": self.search} if self.search else view

    @property
    def json(self) -> str:
        """The payload as the attribute `view` of the button holds it."""
        return json.dumps(self.payload, ensure_ascii=False)

    def turned_to(self, page: int) -> TicketView:
        """Return the same view at another page."""
        return attrs.evolve(self, page=page)

    def sorted_by(self, column: str) -> TicketView:
        """Return the view that a click on the head of `column` opens: sorted by it, or in the other direction."""
        return attrs.evolve(self, sort=f"-{column}" if self.sort == column else column, page=1)

    def order_of(self, column: str) -> str:
        """Return how `column` is sorted, as ``aria-sort`` says it."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "none")


_NEW: Final = TicketView()
