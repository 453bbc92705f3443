"""Views for many exports, no two of them the same."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

#: The columns of the sample data's tickets that the views choose from.
COLUMNS: Final = (
    *("id", "title", "description", "status", "priority", "category", "contactName", "contactEmail"),
    *("assigneeName", "teamName", "createdByName", "tags", "slaStatus", "creationTime", "resolvedAt"),
)
#: The formats that every installation with the extra ``xlsx`` offers.
FORMATS: Final = ("csv", "ndjson", "xlsx")
_SORTS = ("id", "title", "status", "priority", "creationTime", None)


def everything() -> dict[str, object]:
    """Return a view of all tickets."""
    return {"columns": list(COLUMNS)}


def first_tickets(count: int) -> dict[str, object]:
    """Return a view of the `count` oldest numbers."""
    return {**everything(), "filters": [{"field": "id", "operator": "lte", "value": str(count)}]}


def distinct_views(
    count: int, tickets: int, random: Random, *, formats: Sequence[str] = FORMATS
) -> list[dict[str, object]]:
    """Return `count` views of up to `tickets` tickets each, with random columns, order and one of the formats."""
    sizes = random.sample(range(tickets // 10, tickets), count)
    return [
        {
            **first_tickets(size),
            "columns": random.sample(COLUMNS, random.randint(5, len(COLUMNS))),
            "sortField": random.choice(_SORTS),
            "sortDirection": random.choice(("asc", "desc")),
            "file": {"format": random.choice(formats)},
        }
        for size in sizes
    ]
