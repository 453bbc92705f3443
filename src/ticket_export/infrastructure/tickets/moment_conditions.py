"""Comparing a cell that holds a moment with another moment; an index on the column answers the comparison."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Text, literal

from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.sql_functions import MomentBefore, MomentFrom
from ticket_export.infrastructure.tickets.sql_types import has_time_zone

# Sorts after every year.
_AFTER_ALL: Final = ":"


def moment_from(cell: Expression, moment: datetime) -> ColumnElement[bool]:
    """The cell's moment is `moment` (aware UTC) or later."""
    # An offset moves the day that a text begins with by at most one day.
    earliest = moment.date() - timedelta(days=1) if moment.date().toordinal() > 1 else moment.date()
    return MomentFrom(cell, _bound(moment, cell), literal(earliest.isoformat(), Text()))


def moment_before(cell: Expression, moment: datetime) -> ColumnElement[bool]:
    """The cell's moment is earlier than `moment` (aware UTC)."""
    try:
        latest = (moment.date() + timedelta(days=2)).isoformat()
    except OverflowError:
        latest = _AFTER_ALL
    return MomentBefore(cell, _bound(moment, cell), literal(latest, Text()))


def _bound(moment: datetime, cell: Expression) -> ColumnElement[Any]:
    with_zone = has_time_zone(cell.type)
    return literal(moment if with_zone else moment.replace(tzinfo=None), DateTime(timezone=with_zone))
