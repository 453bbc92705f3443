"""Whether everybody wrote the same."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Self

import attrs

from benchmarks.contenders import PSQL, UNGUARDED

# These write the same cells: without the guard nothing is left to tell them apart but the BOM, and quotes
# around the empty text.
_ALIKE = (PSQL, UNGUARDED)


@attrs.frozen
class Content:
    """How many records a file has, its header included, and a digest of their cells."""

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
    """End the program if somebody wrote another number of records, or other cells where they must be the same."""
    records = {name: content.records for name, content in contents.items()}
    if len(set(records.values())) > 1:
        sys.exit(f"not everybody wrote the same number of rows: {records}")
    if len({contents[name].cells for name in _ALIKE if name in contents}) > 1:
        sys.exit(f"{' and '.join(_ALIKE)} did not write the same cells")
