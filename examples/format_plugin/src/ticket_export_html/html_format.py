"""A table in HTML, which a browser shows and prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from ticket_export.ports import Cell, PlainFormat, TicketColumn

_HEAD = """<!doctype html>
<meta charset="utf-8">
<title>Tickets</title>
<style>td { white-space: pre-line } th, td { text-align: start; padding: .2em .6em }</style>
<table>
"""


class HtmlFormat(PlainFormat):
    """One table row for each ticket."""

    name = "html"
    extension = ".html"
    content_type = "text/html; charset=utf-8"

    def header(self, columns: Sequence[TicketColumn]) -> bytes:
        """Return the head of the page, and the labels."""
        labels = "".join(f"<th>{_text(column.label)}</th>" for column in columns)
        return f"{_HEAD}<tr>{labels}</tr>\n".encode()

    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        """Return one table row for each row of cells."""
        rows = ("".join(f"<td>{_text(cell)}</td>" for cell in row) for row in cells)
        return "".join(f"<tr>{row}</tr>\n" for row in rows).encode()

    def footer(self, columns: Sequence[TicketColumn]) -> bytes:
        """Return the end of the table."""
        return b"</table>\n"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    # HTML has no other control characters, and a parser makes a line feed of a carriage return.
    text = "".join(each if each >= " " or each in "\t\n\r" else "\ufffd" for each in str(cell))
    return escape(text).replace("\r", "&#13;")
