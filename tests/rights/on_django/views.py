"""The columns, each with its cell as plain Python makes it of an instance, and random views of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from random import Random
from typing import Any, Final

import attrs

from tests.rights.on_django.world import NAMES, ODD


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _moment(value: Any) -> str:
    return "" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _json(value: Any) -> str:
    """Return a value of JSON as a cell has it: a text as it is, a list of texts joined, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return _compact(value)


def _compact(value: Any) -> str:
    match value:
        case list():
            return f"[{','.join(map(_compact, value))}]"
        case dict():
            keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
            return f"{{{','.join(f'{_compact(key)}:{_compact(value[key])}' for key in keys)}}}"
    return json.dumps(value, ensure_ascii=False)


def _bool(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


@attrs.frozen
class Cell:
    """How a column shows an instance. Of a `kind` other than text and number, filters compare nothing."""

    show: Callable[[Any], str]
    kind: str = "other"


CELLS: Final[dict[str, Cell]] = {
    "number": Cell(lambda fault: _text(fault.number), "number"),
    "title": Cell(lambda fault: fault.title, "text"),
    "note": Cell(lambda fault: _text(fault.note), "text"),
    "rank": Cell(lambda fault: _text(fault.rank), "number"),
    "doubled": Cell(lambda fault: _text(fault.doubled), "number"),
    "cost": Cell(lambda fault: _text(fault.cost), "number"),
    "rate": Cell(lambda fault: "" if fault.rate is None else f"{fault.rate:g}", "number"),
    # Django's own labels.
    "state": Cell(lambda fault: fault.get_state_display() or "", "choice"),
    "priority": Cell(lambda fault: _text(fault.get_priority_display()), "choice"),
    "is_secret": Cell(lambda fault: _bool(fault.is_secret), "boolean"),
    "due_on": Cell(lambda fault: "" if fault.due_on is None else fault.due_on.isoformat()),
    "opened_at": Cell(lambda fault: _moment(fault.opened_at)),
    "closed_at": Cell(lambda fault: _moment(fault.closed_at)),
    "token": Cell(lambda fault: _text(fault.token), "id"),
    "pk": Cell(lambda fault: _text(fault.pk), "id"),
    "team__name": Cell(lambda fault: fault.team.name if fault.team else "", "text"),
    "team__parent__region": Cell(
        lambda fault: _text(fault.team.parent.region) if fault.team and fault.team.parent else "", "text"
    ),
    "owner__username": Cell(lambda fault: fault.owner.username if fault.owner else "", "text"),
    "contract__amount": Cell(
        lambda fault: _text(fault.contract.amount) if hasattr(fault, "contract") else "", "number"
    ),
    # Sorted by code points, whatever the collation is.
    "tags__name": Cell(lambda fault: ", ".join(sorted(each.name for each in fault.tags.all())), "joined"),
    "comments__score": Cell(
        lambda fault: ", ".join(
            map(str, sorted(each.score for each in fault.comments.all() if each.score is not None))
        ),
        "joined",
    ),
    "custom__region": Cell(
        lambda fault: _json(fault.custom.get("region")) if isinstance(fault.custom, dict) else "", "json"
    ),
}
SEARCHABLE: Final = frozenset({"title", "note", "team__name"})


@attrs.frozen(kw_only=True)
class View:
    """A view, in the few words that the oracle understands."""

    columns: tuple[str, ...]
    filters: tuple[tuple[str, str, str | None], ...] = ()
    search: str | None = None
    sort: tuple[str, str] | None = None
    file: str = "csv"
    delimiter: str = ","

    def payload(self) -> dict[str, object]:
        """Return the view as a host sends it."""
        payload: dict[str, object] = {"columns": list(self.columns), "file": {"format": self.file}}
        if self.file == "csv":
            payload["file"] = {"format": "csv", "delimiter": self.delimiter}
        if self.filters:
            payload["filters"] = [
                {"field": field, "operator": operator} | ({} if value is None else {"value": value})
                for field, operator, value in self.filters
            ]
        if self.search:
            payload["searchTerm"] = self.search
        if self.sort:
            payload |= {"sortField": self.sort[0], "sortDirection": self.sort[1]}
        return payload

    @property
    def named(self) -> frozenset[str]:
        """The columns that the view names."""
        return (
            frozenset(self.columns) | {field for field, *_ in self.filters} | ({self.sort[0]} if self.sort else set())
        )

    def holds(self, fault: Any) -> bool:
        """Whether the filters and the search let the row through."""
        return all(_meets(CELLS[field].show(fault), operator, value) for field, operator, value in self.filters) and (
            self.search is None
            or any(self.search.lower() in CELLS[name].show(fault).lower() for name in set(self.columns) & SEARCHABLE)
        )


def _meets(cell: str, operator: str, value: str | None) -> bool:
    found, wanted = cell.lower(), (value or "").lower()
    match operator:
        case "is_empty":
            return not cell
        case "is_not_empty":
            return bool(cell)
        case "contains":
            return wanted in found
        case "not_contains":
            return wanted not in found
        case "is_true" | "is_false":
            return found == operator.removeprefix("is_")
        case "eq":
            return found == wanted
        case "neq":
            return found != wanted
        case "gt":
            return bool(cell) and float(cell) > float(wanted)
        case "lte":
            return bool(cell) and float(cell) <= float(wanted)
    raise AssertionError(operator)


#: What users type: a blank text would be no search, and no filter can have it.
_TYPED: Final = tuple(each for each in (*ODD, *NAMES) if each.strip() and each == each.strip())


def _a_filter(chance: Random, names: tuple[str, ...]) -> tuple[str, str, str | None]:
    name = chance.choice(names)
    kind = CELLS[name].kind
    if kind == "boolean":
        return name, chance.choice(("is_true", "is_false")), None
    if kind == "number" and chance.random() < 0.7:
        return name, chance.choice(("gt", "lte")), str(chance.randint(-2, 9))
    if kind == "text" and chance.random() < 0.7:
        return name, chance.choice(("contains", "not_contains", "eq", "neq")), chance.choice(_TYPED)
    return name, chance.choice(("is_empty", "is_not_empty")), None


def a_view(chance: Random) -> View:
    """Return a view; two of three have a filter, a search or a sort."""
    names = tuple(CELLS)
    columns = chance.sample(names, chance.randint(1, 6))
    if chance.random() < 0.7 and "number" not in columns:
        columns.append("number")
    is_searched = chance.random() < 0.2
    if is_searched and chance.random() < 0.8 and "title" not in columns:
        columns.append("title")
    return View(
        columns=tuple(columns),
        filters=tuple(_a_filter(chance, names) for _ in range(chance.choice((0, 0, 0, 1, 2)))),
        search=chance.choice(_TYPED)[:2].strip() or None if is_searched else None,
        sort=(chance.choice(names), chance.choice(("asc", "desc"))) if chance.random() < 0.6 else None,
        file=chance.choice(("csv", "csv", "csv", "ndjson")),
        delimiter=chance.choice((",", ";", "\t")),
    )
