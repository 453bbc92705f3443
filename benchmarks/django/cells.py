"""Compares two CSV files cell by cell, by value."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

import attrs

from benchmarks.django.view import Column, Kind
from ticket_export.application.formula_guard import unguard

_FLAGS: Mapping[str, bool | None] = {"true": True, "false": False, "1": True, "0": False, "": None}


class CellsDifferError(AssertionError):
    """Two files do not have the same rows and cells."""


@attrs.frozen
class Comparison:
    """Of `records` equal rows, the number of cells of each column that are written differently, with an example."""

    records: int
    forms: Mapping[str, int]
    examples: Mapping[str, tuple[str, str]]


def compare_files(ours: Path, theirs: Path, columns: Sequence[Column]) -> Comparison:
    """Compare the rows, in their order; the header must only have as many cells.

    Raises:
        CellsDifferError: a row is missing, is too long, or has a cell of another value.
    """
    records, forms, examples = 0, Counter[str](), dict[str, tuple[str, str]]()
    with _rows(ours) as own, _rows(theirs) as other:
        for number, (left, right) in enumerate(zip_longest(own, other)):
            for name, row in (("ours", left), ("theirs", right)):
                if row is None or len(row) != len(columns):
                    raise CellsDifferError(
                        f"row {number}: {name} has {'no such row' if row is None else f'{len(row)} cells'}, "
                        f"not {len(columns)} cells"
                    )
            if number == 0:
                continue
            records += 1
            for column, our_cell, their_cell in zip(columns, left, right, strict=True):
                if our_cell == their_cell:
                    continue
                if not _equal(column.kind, our_cell, their_cell):
                    raise CellsDifferError(f"row {number}, {column.path}: {our_cell!r} and {their_cell!r} differ")
                forms[column.path] += 1
                examples.setdefault(column.path, (our_cell, their_cell))
    if not records:
        raise CellsDifferError("the files have no rows")
    return Comparison(records, forms, examples)


@contextmanager
def _rows(file: Path) -> Iterator[Iterator[list[str]]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        yield csv.reader(lines, strict=True)


def _equal(kind: Kind, ours: str, theirs: str) -> bool:
    if kind is Kind.TEXT:
        return unguard(ours) == theirs
    if kind is Kind.LIST:
        # The order of tags has no meaning.
        return sorted(unguard(ours).split(", ")) == sorted(theirs.split(", "))
    try:
        return _value(kind, ours) == _value(kind, theirs)
    except (ArithmeticError, ValueError, KeyError):
        return False


def _value(kind: Kind, cell: str) -> object:
    if kind is Kind.FLAG:
        return _FLAGS[cell]
    if not cell:
        return None
    if kind is Kind.NUMBER:
        return Decimal(cell)
    return date.fromisoformat(cell) if kind is Kind.DATE else datetime.fromisoformat(cell)
