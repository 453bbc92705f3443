"""The view that both export: newest first, as paths of Django's ORM."""

from __future__ import annotations

from enum import StrEnum

import attrs


class Kind(StrEnum):
    """What the cells of a column are, which decides when two of them are equal."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"
    LIST = "list"


@attrs.frozen
class Column:
    path: str
    kind: Kind


_OWN = (
    Column("id", Kind.NUMBER),
    Column("title", Kind.TEXT),
    Column("description", Kind.TEXT),
    Column("state", Kind.TEXT),
    Column("minutes", Kind.NUMBER),
    Column("cost", Kind.NUMBER),
    Column("is_urgent", Kind.FLAG),
    Column("due_on", Kind.DATE),
    Column("opened_at", Kind.MOMENT),
)
_RELATED = (
    Column("team__name", Kind.TEXT),
    Column("assignee__username", Kind.TEXT),
    Column("assignee__email", Kind.TEXT),
)
_TAGS = (Column("tags__name", Kind.LIST),)

#: The whole view, the view without tags, and the view with the fields of the ticket's own table only.
VIEWS = {
    "all": (*_OWN, *_RELATED, *_TAGS),
    "no tags": (*_OWN, *_RELATED),
    "own fields": _OWN,
}
