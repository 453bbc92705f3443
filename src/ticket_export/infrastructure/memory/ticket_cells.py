"""How the values of an in-memory ticket are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from ticket_export.application.csv_format import time_text
from ticket_export.application.formula_guard import guard
from ticket_export.application.number_text import decimal_text, float_text

if TYPE_CHECKING:
    from ticket_export.application.csv_format import Cell, CsvFormat
    from ticket_export.application.ticket_column import TicketColumn
    from ticket_export.application.ticket_query import TicketQuery

#: A sequence of texts stands for joined tags; a `Decimal` has the scale that its column shows.
CellValue: TypeAlias = str | int | float | Decimal | bool | datetime | date | time | UUID | Sequence[str] | None


def cell_of(value: CellValue, column: TicketColumn, query: TicketQuery, csv_format: CsvFormat) -> Cell:
    """The value as `encode_rows` takes it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return time_text(value, query.time_zone)
    text = text_of(value)
    return guard(text) if column.is_text and csv_format.formula_guard else text


def text_of(value: CellValue) -> str:
    """The value as a file shows it and a search sees it; empty for None."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case Decimal():
            return decimal_text(value, _scale(value))
        case time():
            return value.isoformat("seconds")
        case str() | int() | UUID() | date():
            return str(value)
    return ", ".join(value)


def _scale(number: Decimal) -> int:
    _, _, exponent = number.as_tuple()
    return max(-exponent, 0) if isinstance(exponent, int) else 0
