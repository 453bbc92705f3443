"""How PostgreSQL spells a moment in the view's zone: for CSV (`TimeText`), NDJSON and XLSX.

The arguments of all three are (moment), in UTC, or (moment, zone name).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from ticket_export.infrastructure.tickets.sql_functions import SqlFunction, TimeText
from ticket_export.infrastructure.tickets.sql_types import has_time_zone

# No zone moves a moment by more than a day, so that nearly all moments are in the calendar in every zone.
_INSIDE: Final = "BETWEEN timestamp '0001-01-02' AND timestamp '9999-12-30'"
_FIRST: Final = "timestamp '0001-01-01'"
_AFTER: Final = "timestamp '10000-01-01'"


class OffsetText(SqlFunction[str]):
    """``YYYY-MM-DD HH:MM:SS+3600``: the local time, and its distance from UTC in seconds, such as ``+-18000``.

    A moment near the ends of Python's calendar, or outside of it, is `TimeText` in UTC.
    """

    type = Text()


class SerialText(SqlFunction[str]):
    """The local time as a spreadsheet's number of days; before 1900-03-02 and after 9999-12-30 `TimeText`."""

    type = Text()


@compiles(TimeText, "postgresql")
def _time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    return _time(*_utc_and_local(element, compiler, **kw))


@compiles(OffsetText, "postgresql")
def _offset_text(element: OffsetText, compiler: SQLCompiler, **kw: Any) -> str:
    utc, local = _utc_and_local(element, compiler, **kw)
    shown = _whole_second(local)
    offset = f"{_seconds(shown)} - {_seconds(_whole_second(utc))}"
    return f"CASE WHEN {utc} {_INSIDE} THEN {shown} || '+' || ({offset}) ELSE CAST({_time(utc, utc)} AS text) END"


@compiles(SerialText, "postgresql")
def _serial_text(element: SerialText, compiler: SQLCompiler, **kw: Any) -> str:
    utc, local = _utc_and_local(element, compiler, **kw)
    # 25569 days are between 1899-12-30 and 1970-01-01.
    serial = f"{_seconds(_whole_second(local))} / 86400 + 25569"
    return (
        f"CASE WHEN {utc} BETWEEN timestamp '1900-03-02' AND timestamp '9999-12-30' THEN CAST({serial} AS text) "
        f"ELSE CAST({_time(utc, local)} AS text) END"
    )


def _utc_and_local(element: SqlFunction[Any], compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    """Return the moment as timestamps without a time zone."""
    cell, *zone = element.clauses
    moment = f"({compiler.process(cell, **kw)})"
    other = f"({moment} AT TIME ZONE INTERVAL '0')"
    utc, aware = (other, moment) if has_time_zone(cell.type) else (moment, other)
    return utc, f"timezone({compiler.process(zone[0], **kw)}, {aware})" if zone else utc


def _time(utc: str, local: str) -> str:
    # COPY writes a timestamp as in ISO 8601, with a blank, and with a fraction only if there is one. Moments outside of
    # Python's calendar (infinity, years before 1 and after 9999) are shown in UTC: the ends of PostgreSQL's calendar
    # have no other zone.
    return (
        f"CASE WHEN {utc} {_INSIDE} THEN {_whole_second(local)} "
        f"WHEN {utc} >= {_FIRST} AND {utc} < {_AFTER} THEN "
        f"CASE WHEN {local} >= {_FIRST} AND {local} < {_AFTER} "
        f"THEN {_whole_second(local)} ELSE {_whole_second(utc)} END "
        f"ELSE date_trunc('second', {utc}) END"
    )


def _whole_second(moment: str) -> str:
    # Cheaper than date_trunc(), which parses the name of the unit again for every cell.
    return f"date_bin('1 second', {moment}, {_FIRST})"


def _seconds(moment: str) -> str:
    """Return the seconds since 1970 as a double; extract() would return a decimal, which is slower."""
    return f"date_part('epoch', {moment})"
