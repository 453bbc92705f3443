"""The bytes of a file: RFC 4180 with ``\\n`` ends, in UTF-8.

Every ticket source writes the same bytes for the same tickets; a source that does not write CSV itself uses
`encode_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from ticket_export.application.formula_guard import guard
from ticket_export.application.guarded_records import need_guard
from ticket_export.application.view.ticket_column import TicketColumn

CONTENT_TYPE = "text/csv; charset=utf-8"
_BOM = b"\xef\xbb\xbf"

#: A cell of a ticket source: formatted text, a number, or None for an empty cell.
Cell = str | int | float | None


@attrs.frozen(kw_only=True)
class CsvFormat:
    """The options of a file.

    `bom` writes a UTF-8 byte order mark, without which Excel reads the file in the machine's code page. `formula_guard`
    guards every text: see `unguard`.
    """

    bom: bool = True
    formula_guard: bool = True

    def header(self, columns: Sequence[TicketColumn]) -> bytes:
        """Return the first bytes of the file: the byte order mark, if wanted, and one record of labels.

        Without the mark, a first label that begins with ``ID`` is quoted, because Excel would read a SYLK file.
        """
        labels = [guard(column.label) if self.formula_guard else column.label for column in columns]
        record = encode_rows([labels])
        if self.bom:
            return _BOM + record
        if record.startswith(b"ID"):
            end = len(labels[0].encode())
            return b'"' + record[:end] + b'"' + record[end:]
        return record


def encode_rows(rows: Sequence[Sequence[Cell]], *, formula_guard: bool = False) -> bytes:
    """Return records of cells as CSV: comma, ``"`` doubled, quotes only where needed, ``\\n`` at each end.

    A record of one empty cell is ``""``, since a reader skips an empty line. `formula_guard` guards every text, but not
    numbers.
    """
    if not rows:
        return b""
    # Column by column: most columns of a block need no quotes, and one search shows that. The csv module reads every
    # character of every cell and takes several times as long.
    columns: Iterable[Sequence[Cell]] = zip(*rows, strict=True)
    if formula_guard:
        columns = map(_guarded_column, columns)
    quoted = [_quoted_column(column) for column in columns]
    if len(quoted) == 1:
        quoted = [[cell or '""' for cell in quoted[0]]]
    records = map(",".join, zip(*quoted, strict=True))
    return ("\n".join(records) + "\n").encode()


def _guarded_column(cells: Sequence[Cell]) -> Sequence[Cell]:
    if not need_guard(cell for cell in cells if isinstance(cell, str)):
        return cells
    return [guard(cell) if isinstance(cell, str) else cell for cell in cells]


def _quoted_column(cells: Sequence[Cell]) -> Sequence[str]:
    texts = ["" if cell is None else str(cell) for cell in cells]
    if not _needs_quotes("".join(texts)):
        return texts
    return ['"' + text.replace('"', '""') + '"' if _needs_quotes(text) else text for text in texts]


def _needs_quotes(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text
