"""Checks that all contenders wrote the same rows."""

from __future__ import annotations

import csv
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, Self
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


class Agreement(Protocol):
    """Compares the files that the contenders wrote of one help desk."""

    def add(self, name: str, file: Path) -> None:
        """Read the file of that contender; afterwards it may be gone."""

    def require(self) -> None:
        """End the program if the files differ in what must be the same."""


class SameRecords(Agreement):
    """The numbers of records must be the same, and the cells of contenders that must write the same.

    The contenders with a row rule are compared with each other.
    """

    def __init__(self) -> None:
        self._contents: dict[str, Content] = {}

    def add(self, name: str, file: Path) -> None:
        self._contents[name] = Content.of(file)

    def require(self) -> None:
        for is_by_team in (False, True):
            records = {name: each.records for name, each in self._contents.items() if (name in BY_TEAM) is is_by_team}
            if len(set(records.values())) > 1:
                sys.exit(f"the contenders wrote different numbers of records: {records}")
        if len({self._contents[name].cells for name in _ALIKE if name in self._contents}) > 1:
            sys.exit(f"{' and '.join(_ALIKE)} did not write the same cells")
