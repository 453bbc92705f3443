"""NDJSON: every cell comes back from a JSON reader as what it is."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.ports.file_format import Cell
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

BERLIN = ZoneInfo("Europe/Berlin")


def column(name: str = "cell") -> TicketColumn:
    return TicketColumn(name=name, label="a label", kind=ColumnKind.TEXT)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        *((None, "null"), ("", '""'), ('say "no"\\', '"say \\"no\\"\\\\"'), ("Zoë 票 🎫", '"Zoë 票 🎫"')),
        *(("\b\f\n\r\t\x01\x1f\x7f", '"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f"'), ("=1+1", '"=1+1"'), ("\x00", '"\\u0000"')),
        *((True, "true"), (False, "false"), (7, "7"), (10**20, "1" + "0" * 20), (Decimal("1.50"), "1.50")),
        *((0.1, "0.1"), (1e16, "1e+16"), (-0.0, "0"), (float("nan"), '"NaN"'), (Decimal("-Infinity"), '"-Infinity"')),
        (date(2026, 3, 1), '"2026-03-01"'),
        (datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC), '"2026-03-01T09:30:15+00:00"'),
        (datetime(2026, 7, 1, 9, 30, 15, tzinfo=BERLIN), '"2026-07-01T09:30:15+02:00"'),
        (datetime(1880, 1, 1, 0, 53, 28, tzinfo=BERLIN), '"1880-01-01T00:00:00+00:00"'),
        (datetime(1, 1, 1, tzinfo=UTC), '"0001-01-01T00:00:00+00:00"'),
    ],
)
def test_cell_is_written_as_json(cell: Cell, text: str) -> None:
    assert NdjsonFormat().rows([column()], [[cell]]).decode() == f'{{"cell":{text}}}\n'


@given(st.lists(st.lists(st.none() | st.text() | st.booleans() | st.integers(), min_size=2, max_size=2)))
def test_every_line_is_an_object_with_the_names_of_the_columns(table: list[list[Cell]]) -> None:
    written = NdjsonFormat().rows([column("id"), column('a "b"')], table).decode()
    lines = written.split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [{"id": first, 'a "b"': second} for first, second in table]
