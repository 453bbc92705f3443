"""The value of a filter: from the text of a payload to what the operator compares with."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from ticket_export.application.safe_text import listed, quoted, require_storable
from ticket_export.application.view.json_text import has_many_parts
from ticket_export.application.view.limits import MAX_VALUE, MAX_VALUES
from ticket_export.application.view.ticket_column import IdType, TicketColumn

#: A century; date arithmetic with it stays inside the calendar.
MAX_DAYS = 36_500
# The range of a 64-bit integer column of SQLite and PostgreSQL.
_SMALLEST, _LARGEST = Decimal(-(2**63)), Decimal(2**63 - 1)
# Digits; shorter numbers need no range check, since a view may hold 25,000 numbers.
_ALWAYS_IN_RANGE = 18
_ONLY_SCALARS = "may list only texts and numbers"
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def split_values(value: str) -> tuple[str, ...]:
    """Return the members of a list: a JSON list, or texts separated by commas.

    Raises:
        ValueError: the list is empty or too long, or a member is not a text or a number.
    """
    given = _json_list(value)
    members = [member for member in (_between_commas(value) if given is None else given) if member != ""]
    if not members:
        raise ValueError("needs at least one value")
    if len(members) > MAX_VALUES:
        raise ValueError(f"holds {len(members):,} values; at most {MAX_VALUES} are allowed")
    return _texts(members)


def _json_list(value: str) -> list[object] | None:
    if not value.lstrip().startswith("["):
        return None
    if has_many_parts(value):
        raise ValueError(_ONLY_SCALARS)
    try:
        members = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, list) else None


def _between_commas(value: str) -> list[object]:
    parts: list[object] = [part for part in value.split(",") if part]
    # If there are far too many, blank ones need no check.
    return parts if len(parts) > 2 * MAX_VALUES else [str(part).strip() for part in parts]


def _texts(members: Sequence[object]) -> tuple[str, ...]:
    # All at once, so that 50 filters of 500 values take only milliseconds.
    if not {type(member) for member in members} <= {str, int, float}:
        raise ValueError(_ONLY_SCALARS)
    texts = tuple(map(str, members))
    longest = max(map(len, texts))
    if longest > MAX_VALUE:
        raise ValueError(f"holds a value of {longest:,} characters; at most {MAX_VALUE:,} are allowed")
    require_storable("".join(texts))
    return texts


def parse_number(text: str) -> int | Decimal:
    """Return a decimal number such as ``42``, ``-1.5`` or ``1e-07``.

    Raises:
        ValueError: the text is not a number, or no 64-bit column can hold it.
    """
    digits = text.strip()
    if len(digits) <= _ALWAYS_IN_RANGE and digits.isascii() and digits.isdigit():
        return int(digits)
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f"{quoted(text)} is not a number, such as 42 or -1.5")
    number = Decimal(digits)
    if not _SMALLEST <= number <= _LARGEST:
        raise ValueError(f"{quoted(text)} is out of range; numbers go from {_SMALLEST} to {_LARGEST}")
    return int(number) if number == number.to_integral_value() else number


def parse_ids(texts: tuple[str, ...], column: TicketColumn) -> tuple[int, ...] | tuple[str, ...] | tuple[UUID, ...]:
    """Return the texts as identifiers of the column's type.

    Raises:
        ValueError: a text is not such an identifier.
    """
    if column.id_type is IdType.INTEGER:
        return tuple(_parse_integer(text) for text in texts)
    if column.id_type is IdType.UUID:
        return tuple(_parse_uuid(text) for text in texts)
    return texts


def _parse_integer(text: str) -> int:
    number = parse_number(text)
    if not isinstance(number, int):
        raise ValueError(f"{quoted(text)} is not a whole number")
    return number


def _parse_uuid(text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a UUID") from None


def parse_choices(texts: tuple[str, ...], column: TicketColumn) -> tuple[str, ...]:
    """Return the stored values that the texts mean, which are values or labels; without choices, the texts.

    Raises:
        ValueError: a text is not one of the choices.
    """
    if not column.choices:
        return texts
    spellings = column.spellings
    return tuple(spellings.get(text.strip()) or _any_case(text, column) for text in texts)


def _any_case(text: str, column: TicketColumn) -> str:
    value = column.spellings.get(text.strip().lower())
    if value is None:
        raise ValueError(f"{quoted(text)} is not one of {listed(choice.label for choice in column.choices)}")
    return value


def parse_days(text: str) -> int:
    """Return a number of days.

    Raises:
        ValueError: the text is not a whole number from 0 to `MAX_DAYS`.
    """
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", digits) or int(digits) > MAX_DAYS:
        raise ValueError(f"{quoted(text)} is not a whole number of days from 0 to {MAX_DAYS}")
    return int(digits)


def parse_day(text: str) -> date:
    """Return a day, in any form of ISO 8601.

    Raises:
        ValueError: the text is not a day, or has a time.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a day, such as 2026-01-31") from None


def parse_moment(text: str) -> tuple[datetime, datetime | None]:
    """Return the half-open span ``[start, end)`` of a date or a time.

    A date is the whole day; a time is one second, because the file shows seconds. Both ends are naive local times; if
    the time has an offset, they are aware UTC. `end` is None where the calendar ends.

    Raises:
        ValueError: the text is neither a date nor a time.
    """
    text = text.strip()
    try:
        day = _day(text)
        if day is not None:
            return _span(datetime(day.year, day.month, day.day), timedelta(days=1))  # noqa: DTZ001 - in no zone yet
        moment = datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        raise ValueError(
            f"{quoted(text)} is not a date, such as 2026-01-31, or a time, such as 2026-01-31T09:30:00"
        ) from None
    return _span(_in_utc(moment) if moment.tzinfo else moment, timedelta(seconds=1))


def shifted(moment: datetime, by: timedelta) -> datetime:
    """Return ``moment + by``, or the end of the calendar."""
    try:
        return moment + by
    except OverflowError:
        return _LAST if by > timedelta(0) else _FIRST


def shifted_day(day: date, by: int) -> date:
    """Return the day `by` days later, or the end of the calendar."""
    return date.fromordinal(min(max(day.toordinal() + by, date.min.toordinal()), date.max.toordinal()))


def _span(start: datetime, length: timedelta) -> tuple[datetime, datetime | None]:
    try:
        return start, start + length
    except OverflowError:
        return start, None


def _day(text: str) -> date | None:
    # In every form of ISO 8601. `datetime` reads them too, but as the first second of the day.
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # Within a day of an end of the calendar, where there are no tickets.
        return _FIRST if moment.year == 1 else _LAST
