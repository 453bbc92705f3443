"""psycopg's rows in blocks through XlsxWriter: python -m benchmarks.peers.xlsxwriter_export URL FILE."""

from __future__ import annotations

import sys

import psycopg
from xlsxwriter import Workbook

from benchmarks.query import select_of

_BLOCK = 1000
# The memory of a single row, dates as such, and no text that becomes a formula or a link.
_OPTIONS = {
    "constant_memory": True,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


def main(url: str, file: str) -> None:
    with (
        Workbook(file, _OPTIONS) as workbook,
        psycopg.connect(url) as connection,
        connection.cursor("rows") as rows,
    ):
        rows.itersize = _BLOCK
        rows.execute(select_of(url))
        sheet = workbook.add_worksheet("Tickets")
        sheet.write_row(0, 0, [column.name for column in rows.description or ()])
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)


if __name__ == "__main__":
    main(*sys.argv[1:])
