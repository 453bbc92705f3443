"""Tables for people to read, aligned also where characters are two cells wide."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from ticket_export.entrypoints.cli.output import printable


def text_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lines of aligned columns; None shows as a dash."""
    lines = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(cell_len(line[index]) for line in lines) for index in range(len(headings))]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
