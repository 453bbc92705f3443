"""The rows of a worksheet as XML, before the container repairs the texts.

They are the same bytes from Python and from a database that writes them itself::

    <row><c><v>1</v></c><c t="inlineStr"><is><t xml:space="preserve">R&amp;D</t></is></c><c/></row>

A text escapes ``&`` and ``<``, so that ``<`` is structure everywhere. All other characters stay as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ticket_export.application.number_text import float_text, number_text
from ticket_export.application.ports.file_format import Cell

#: The numbers of the styles of cells; 0 is the default.
MOMENT_STYLE: Final = 1
DAY_STYLE: Final = 2
HEADER_STYLE: Final = 3

#: The end of a row.
ROW_END: Final = "</row>"
#: In front of a text, and behind it.
TEXT: Final = '<c t="inlineStr"><is><t xml:space="preserve">'
TEXT_END: Final = "</t></is></c>"
#: In front of a text of more than `MARKED_BYTES` bytes in UTF-8, which may be too long for a cell.
MARKED_TEXT: Final = '<c t="inlineStr" s="0"><is><t xml:space="preserve">'
MARKED_BYTES: Final = 32_767

_EMPTY: Final = "<c/>"
#: A number of more digits would lose some of them in a spreadsheet.
SAFE_DIGITS: Final = 15
_MOST_BYTES_A_CHARACTER: Final = 4
# Before it, spreadsheets count a 29 February 1900 that never was, or no days at all.
_FIRST_DAY: Final = date(1900, 3, 1)
_FIRST_MOMENT: Final = datetime(1900, 3, 1)  # noqa: DTZ001 - all moments here are local times
# Day 25,569 of a spreadsheet.
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001
_EPOCH_DAY: Final = 25_569
_DAY_ZERO: Final = date(1970, 1, 1).toordinal() - _EPOCH_DAY
_DAY_SECONDS: Final = 86_400
_SECOND: Final = timedelta(seconds=1)
_MOMENT_LENGTH: Final = len("YYYY-MM-DD HH:MM:SS")


def worksheet_rows(cells: Sequence[Sequence[Cell]]) -> bytes:
    """Return whole rows; no bytes for no rows."""
    if not cells:
        return b""
    # Column by column: the cells of a column are mostly of one type.
    columns = [_column(column) for column in zip(*cells, strict=True)]
    rows = map("".join, zip(*columns, strict=True))
    return ("<row>" + "</row><row>".join(rows) + ROW_END).encode()


def _column(cells: Sequence[Cell]) -> Sequence[str]:
    types = set(map(type, cells)) - {type(None)}
    if types <= {str}:
        return _texts([cell or "" for cell in cells])  # type: ignore[misc]  # all are str or None
    write = _WRITERS.get(types.pop(), _cell) if len(types) == 1 else _cell
    return [_EMPTY if cell is None else write(cell) for cell in cells]


def _texts(texts: Sequence[str]) -> Sequence[str]:
    if len(max(texts, key=len)) * _MOST_BYTES_A_CHARACTER > MARKED_BYTES:
        return [_text(text) for text in texts]
    joined = "".join(texts)
    if "&" in joined or "<" in joined:
        texts = [_escaped(text) for text in texts]
    return [f"{TEXT}{text}{TEXT_END}" if text else _EMPTY for text in texts]


def _cell(cell: str | float | Decimal | date) -> str:
    match cell:
        case str():
            return _text(cell)
        case bool():
            return _boolean(cell)
        case float():
            return _float(cell)
        case int() | Decimal():
            return _number(cell)
        case datetime():
            return _moment(cell)
    return _day(cell)


def _text(text: str) -> str:
    if not text:
        return _EMPTY
    is_marked = len(text) * _MOST_BYTES_A_CHARACTER > MARKED_BYTES and len(text.encode()) > MARKED_BYTES
    return f"{MARKED_TEXT if is_marked else TEXT}{_escaped(text)}{TEXT_END}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _boolean(cell: bool) -> str:
    return '<c t="b"><v>1</v></c>' if cell else '<c t="b"><v>0</v></c>'


def _float(number: float) -> str:
    text = float_text(number)
    # Not of infinity and of what is not a number.
    return f"<c><v>{text}</v></c>" if text[-1].isdigit() else _text(text)


def _number(number: int | Decimal) -> str:
    text = number_text(number)
    if len(text) > SAFE_DIGITS:
        # A column may show more decimals than a number has.
        significant = text.rstrip("0") if "." in text else text
        if len(significant.lstrip("-0.").replace(".", "")) > SAFE_DIGITS:
            return _text(text)
    return f"<c><v>{text}</v></c>" if text[-1].isdigit() else _text(text)


def _moment(moment: datetime) -> str:
    local = moment.replace(tzinfo=None)
    if local < _FIRST_MOMENT:
        return _text(local.isoformat(" ", "seconds")[:_MOMENT_LENGTH])
    serial = (local - _EPOCH) // _SECOND / _DAY_SECONDS + _EPOCH_DAY
    return f'<c s="1"><v>{repr(serial).removesuffix(".0")}</v></c>'


def _day(day: date) -> str:
    if day < _FIRST_DAY:
        return _text(day.isoformat())
    return f'<c s="2"><v>{day.toordinal() - _DAY_ZERO}</v></c>'


_WRITERS: Final[dict[type, Callable[..., str]]] = {
    bool: _boolean,
    float: _float,
    int: _number,
    Decimal: _number,
    datetime: _moment,
    date: _day,
}
