"""The cells of a file, from the stored values and from what the documentation says; nothing of the library is used.

Cells come column by column, so that comparing millions of them takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, TypeAlias

from tests.integration.formats.every_kind import MOST_UNITS, NAMES, PHASES, Row, Value

#: The cells of one column.
Cells: TypeAlias = list[object]

#: What XML 1.0 forbids, section 2.2.
FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: A spreadsheet counts days from here, and knows none before 1900-03-01 rightly.
FIRST_DAY: Final = date(1900, 3, 1)
_DIGITS: Final = 15


def columns_of(rows: Sequence[Row], cell: Callable[[str, Value], object]) -> dict[str, Cells]:
    """Return the cells of each column by its name."""
    return {name: [cell(name, row[place]) for row in rows] for place, name in enumerate(NAMES)}


def csv_cell(zone: tzinfo) -> Callable[[str, Value], object]:
    """Return the function that returns the text of a cell; a float as it is."""

    def cell(name: str, value: Value) -> object:
        match plain(name, value, zone):
            case None:
                return ""
            case bool() as flag:
                return "true" if flag else "false"
            case datetime() as moment:
                return moment.isoformat(" ")[:19]
            case float() as number:
                return number
            case other:
                return str(other)

    return cell


def ndjson_cell(zone: tzinfo) -> Callable[[str, Value], object]:
    """Return the function that returns a cell as ``json`` reads it, with decimals exact."""

    def cell(name: str, value: Value) -> object:
        match plain(name, value, zone):
            case datetime() as moment:
                offset = moment.utcoffset()
                assert offset is not None
                return (moment.astimezone(UTC) if offset % timedelta(minutes=1) else moment).isoformat()
            case date() as day:
                return day.isoformat()
            case float() as number:
                return "Infinity" if number == float("inf") else Decimal(repr(number))
            case other:
                return other

    return cell


def xlsx_cell(zone: tzinfo) -> Callable[[str, Value], object]:
    """Return the function that returns a cell of a worksheet: None, str, int, float, bool, naive datetime or date."""

    def cell(name: str, value: Value) -> object:
        match plain(name, value, zone):
            case bool() as flag:
                return flag
            case datetime() as moment:
                local = moment.replace(tzinfo=None)
                return local if local.date() >= FIRST_DAY else local.isoformat(" ")
            case date() as day:
                return day if day >= FIRST_DAY else day.isoformat()
            case float() as number:
                return "Infinity" if number == float("inf") else number
            case int() | Decimal() as exact:
                is_long = len(re.sub("[^0-9]", "", str(exact)).lstrip("0")) > _DIGITS
                return str(exact) if is_long else float(exact)
            case str() as text:
                return shown_in_a_worksheet(text) or None
            case _:
                return None

    return cell


def shown_in_a_worksheet(text: str) -> str:
    """Return the text, cut and with the character that stands for those that XML forbids."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * MOST_UNITS]
    return FORBIDDEN.sub("\ufffd", units.decode("utf-16-le", "ignore"))


def plain(name: str, value: Value, zone: tzinfo) -> str | int | float | Decimal | datetime | date | None:
    """Return what a view shows of a stored value, before any format."""
    match value:
        case list():
            return ", ".join(value)
        case datetime():
            return value.astimezone(zone).replace(microsecond=0)
        case str() if name == "phase":
            return PHASES.get(value, value)
        case None | str() | bool() | int() | float() | Decimal() | date():
            return value
    return str(value)


def changes(rows: Sequence[Row], zone: tzinfo) -> Mapping[str, int]:
    """Return how many texts a worksheet cuts, and of how many it replaces characters."""
    texts = [each for row in rows for each in map(plain, NAMES, row, [zone] * len(NAMES)) if isinstance(each, str)]
    return {
        "cutTexts": sum(len(each.encode("utf-16-le")) > 2 * MOST_UNITS for each in texts),
        "replacedTexts": sum(shown_in_a_worksheet(each).count("\ufffd") != each.count("\ufffd") for each in texts),
    }
