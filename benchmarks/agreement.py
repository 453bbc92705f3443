"""Checks that all contenders wrote the same rows."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Self
from zipfile import ZipFile

import attrs

from benchmarks.contenders import BY_TEAM, PSQL, UNGUARDED

# These write the same cells: without the guard their files differ only in the BOM and in the quotes of empty texts.
_ALIKE = (PSQL, UNGUARDED)
_BLOCK = 1 << 20
_ROW_END = b"</row>"


@attrs.frozen
class Content:
    """The number of tickets in a file of any format, and a digest of the cells of a CSV file."""

    records: int
    cells: str

    @classmethod
    def of(cls, file: Path) -> Self:
        with file.open("rb") as opened:
            begin = opened.read(2)
        if begin == b"PK":
            return cls(_worksheet_rows(file), "")
        if begin[:1] == b"{":
            with file.open("rb") as objects:
                return cls(sum(1 for _ in objects), "")
        # Less the header.
        records, digest = -1, blake2b()
        with file.open(newline="", encoding="utf-8-sig") as lines:
            for record in csv.reader(lines):
                records += 1
                digest.update(repr(record).encode())
        return cls(records, digest.hexdigest())


def _worksheet_rows(file: Path) -> int:
    """The rows of all worksheets, less their headers."""
    rows = 0
    with ZipFile(file) as workbook:
        for name in workbook.namelist():
            if name.startswith("xl/worksheets/sheet"):
                rows -= 1
                with workbook.open(name) as sheet:
                    rest = b""
                    while block := rest + sheet.read(_BLOCK):
                        # No text contains a raw "<".
                        rows += block.count(_ROW_END)
                        if len(block) < len(_ROW_END):
                            break
                        rest = block[1 - len(_ROW_END) :]
    return rows


def require_same_records(contents: Mapping[str, Content]) -> None:
    """End the program if the numbers of records differ, or the cells of contenders that must write the same.

    The contenders with a row rule are compared with each other.
    """
    for is_by_team in (False, True):
        records = {name: each.records for name, each in contents.items() if (name in BY_TEAM) is is_by_team}
        if len(set(records.values())) > 1:
            sys.exit(f"the contenders wrote different numbers of records: {records}")
    if len({contents[name].cells for name in _ALIKE if name in contents}) > 1:
        sys.exit(f"{' and '.join(_ALIKE)} did not write the same cells")
