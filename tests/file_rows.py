"""The rows of a file in any format, read by programs that know nothing of the library."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Final

import openpyxl


def rows_in(file_format: str, data: bytes) -> list[list[str]]:
    """Return the rows below the header, each cell as text, "" where there is none.

    A file that is not whole raises an error, or has other rows.
    """
    return [["" if cell is None else str(cell) for cell in row] for row in _READ[file_format](data)]


def _csv(data: bytes) -> list[list[object]]:
    _, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return [list(row) for row in rows]


def _ndjson(data: bytes) -> list[list[object]]:
    *lines, last = data.decode().split("\n")
    assert last == ""
    return [list(json.loads(line).values()) for line in lines]


def _xlsx(data: bytes) -> list[list[object]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    try:
        _, *rows = book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()
    return [list(row) for row in rows]


_READ: Final[Mapping[str, Callable[[bytes], list[list[object]]]]] = {"csv": _csv, "ndjson": _ndjson, "xlsx": _xlsx}
#: The names of the formats.
FORMATS: Final = tuple(_READ)
