"""Checks that all contenders wrote the same rows."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Self

import attrs

from benchmarks.contenders import BY_TEAM, PSQL, UNGUARDED

# These write the same cells: without the guard their files differ only in the BOM and in the quotes of empty texts.
_ALIKE = (PSQL, UNGUARDED)


@attrs.frozen
class Content:
    """The number of records of a file, with its header, and a digest of their cells."""

    records: int
    cells: str

    @classmethod
    def of(cls, file: Path) -> Self:
        records, digest = 0, blake2b()
        with file.open(newline="", encoding="utf-8-sig") as lines:
            for record in csv.reader(lines):
                records += 1
                digest.update(repr(record).encode())
        return cls(records, digest.hexdigest())


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
