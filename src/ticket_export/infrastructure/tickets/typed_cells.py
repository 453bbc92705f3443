"""What a SELECT returns as the cells of a file, for a format that has no SQL of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Float, Integer

from ticket_export.application.number_text import float_text, number_cell
from ticket_export.application.ports.file_format import Cell
from ticket_export.application.view.local_time import shown_moment
from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.sql_types import scale_of, underlying

#: Converts one value, which is not NULL, to a cell.
ReadCell: TypeAlias = Callable[[Any], Cell]

_FLOAT: Final = re.compile(r"-?[0-9](\.[0-9]+)?e[+-][0-9]{2,3}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS: Final = {"true": True, "false": False}


class TypedCells:
    """Converts the rows of `select_tickets`, with moments in UTC, to cells in the query's zone.

    A value that is not of its column's kind stays a text.
    """

    def __init__(self, catalog: TicketCatalog, query: TicketQuery) -> None:
        self._readers = [_reader(column, catalog, query.time_zone) for column in query.columns]

    def __call__(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Cell]]:
        """Return the rows as cells."""
        columns = zip(*rows, strict=True)
        return list(zip(*map(_column, columns, self._readers), strict=True))


def _column(values: Sequence[Any], read: ReadCell | None) -> Sequence[Cell]:
    return values if read is None else [None if value is None else read(value) for value in values]


def _reader(column: TicketColumn, catalog: TicketCatalog, zone: tzinfo) -> ReadCell | None:
    if column.kind is ColumnKind.DATE:
        return partial(_moment, zone=zone)
    if column.kind is ColumnKind.DAY:
        return _day
    if column.kind is ColumnKind.BOOLEAN:
        return _boolean
    is_id = column.kind is ColumnKind.ID and column.id_type is IdType.INTEGER
    if column.kind is ColumnKind.NUMBER or is_id:
        return number_reader(catalog, column)
    return None


def number_reader(catalog: TicketCatalog, column: TicketColumn) -> ReadCell:
    """Return what converts a value of a column of numbers, as the database or its driver writes it."""
    declared = underlying(catalog.expression(column).type)
    if isinstance(declared, Integer):
        return _integer
    is_float = isinstance(declared, Float)
    read = partial(number_cell, is_float=is_float, scale=scale_of(declared))
    return partial(_float, read=read) if is_float else read


def _integer(value: Any) -> Cell:
    if isinstance(value, str):
        return int(value) if re.fullmatch("-?[0-9]{1,1000}", value) else value
    number: int | float = value
    return number


def _float(value: Any, *, read: ReadCell) -> Cell:
    # PostgreSQL's text may have an exponent.
    if isinstance(value, str) and _FLOAT.fullmatch(value) and float_text(float(value)) == value:
        return float(value)
    return read(value)


def _moment(text: str, *, zone: tzinfo) -> Cell:
    return shown_moment(datetime.fromisoformat(text).replace(tzinfo=UTC), zone) if _MOMENT.fullmatch(text) else text


def _day(text: str) -> Cell:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else text
    except ValueError:
        return text


def _boolean(text: str) -> Cell:
    return _BOOLEANS.get(text, text)
