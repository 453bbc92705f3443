"""The cells of a file, as its bytes have them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from tests.rights.on_django.views import View
from ticket_export import unguard
from ticket_export.application.view.ticket_column import TicketColumn


def rows_of(data: bytes, view: View, columns: Iterable[TicketColumn]) -> list[list[str]]:
    """Return the cells of each row, as CSV has them; claim that the header has the labels of the view's columns."""
    if view.file == "ndjson":
        rows = [json.loads(line, parse_float=str) for line in data.decode().splitlines()]
        assert all(list(row) == list(view.columns) for row in rows)
        return [[_plain(value) for value in row.values()] for row in rows]
    labels = {column.name: column.label for column in columns}
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    header, *records = csv.reader(text, delimiter=view.delimiter)
    assert [unguard(cell, delimiter=view.delimiter) for cell in header] == [labels[name] for name in view.columns]
    return [[unguard(cell, delimiter=view.delimiter) for cell in record] for record in records]


def _plain(value: Any) -> str:
    """Return a value of JSON as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.endswith("+00:00"):
        return value.removesuffix("+00:00").replace("T", " ")
    return str(value)
