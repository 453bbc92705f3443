"""Views for many exports, no two of them the same."""

from __future__ import annotations

from random import Random

from tests.file_rows import FORMATS

_COLUMNS = (
    *("id", "title", "description", "status", "priority", "category", "contactName", "contactEmail"),
    *("assigneeName", "teamName", "createdByName", "tags", "slaStatus", "creationTime", "resolvedAt"),
)
_SORTS = ("id", "title", "status", "priority", "creationTime", None)


def everything() -> dict[str, object]:
    """A view of all tickets."""
    return {"columns": list(_COLUMNS)}


def first_tickets(count: int) -> dict[str, object]:
    """A view of the `count` oldest numbers."""
    return {**everything(), "filters": [{"field": "id", "operator": "lte", "value": str(count)}]}


def distinct_views(count: int, tickets: int, random: Random) -> list[dict[str, object]]:
    """`count` views of up to `tickets` tickets each, with columns, order and format by chance."""
    sizes = random.sample(range(tickets // 10, tickets), count)
    return [
        {
            **first_tickets(size),
            "columns": random.sample(_COLUMNS, random.randint(5, len(_COLUMNS))),
            "sortField": random.choice(_SORTS),
            "sortDirection": random.choice(("asc", "desc")),
            "file": {"format": random.choice(FORMATS)},
        }
        for size in sizes
    ]
