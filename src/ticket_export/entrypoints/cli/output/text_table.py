"""Tables with aligned columns, also where a character is two cells wide."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from ticket_export.entrypoints.cli.output.standard_streams import printable


def text_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lines of aligned columns; None is shown as a dash."""
    lines = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
