"""The columns, each with its cell as plain Python makes it of an instance, and random views of them."""

from __future__ import annotations

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


@attrs.frozen
class Cell:
    """How a column is shown. `operators` are the filters that a view may have, each with some values."""

    show: Callable[[Any], str]
    is_text: bool = False


CELLS: Final[dict[str, Cell]] = {
    "number": Cell(lambda fault: _text(fault.number)),
    "title": Cell(lambda fault: fault.title, is_text=True),
    "note": Cell(lambda fault: _text(fault.note), is_text=True),
    "rank": Cell(lambda fault: _text(fault.rank)),
    "doubled": Cell(lambda fault: _text(fault.doubled)),
    "opened_at": Cell(lambda fault: _moment(fault.opened_at)),
    "closed_at": Cell(lambda fault: _moment(fault.closed_at)),
}


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

    def holds(self, fault: Any, searchable: frozenset[str]) -> bool:
        """Whether the filters and the search let the row through."""
        return all(_meets(CELLS[field].show(fault), operator, value) for field, operator, value in self.filters) and (
            self.search is None
            or any(self.search.lower() in CELLS[name].show(fault).lower() for name in set(self.columns) & searchable)
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
    if name in ("number", "rank", "doubled"):
        return name, chance.choice(("gt", "lte")), str(chance.randint(-2, 9))
    if not CELLS[name].is_text or chance.random() < 0.3:
        return name, chance.choice(("is_empty", "is_not_empty")), None
    return name, chance.choice(("contains", "not_contains", "eq", "neq")), chance.choice(_TYPED)


def a_view(chance: Random) -> View:
    """Return a view; two of three have a filter, a search or a sort."""
    names = tuple(CELLS)
    columns = chance.sample(names, chance.randint(1, 5))
    if chance.random() < 0.7 and "number" not in columns:
        columns.append("number")
    return View(
        columns=tuple(columns),
        filters=tuple(_a_filter(chance, names) for _ in range(chance.choice((0, 0, 0, 1, 2)))),
        search=chance.choice(_TYPED)[:2].strip() or None if chance.random() < 0.2 else None,
        sort=(chance.choice(names), chance.choice(("asc", "desc"))) if chance.random() < 0.6 else None,
        file=chance.choice(("csv", "csv", "csv", "ndjson")),
        delimiter=chance.choice((",", ";", "\t")),
    )
