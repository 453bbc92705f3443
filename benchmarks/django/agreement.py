"""Checks that both libraries wrote the same cells."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from benchmarks.agreement import Agreement
from benchmarks.comparison import note
from benchmarks.contenders import OURS
from benchmarks.django.cells import CellsDifferError, Comparison, compare_files
from benchmarks.django.contenders import LIBRARIES, VIEW_OF
from benchmarks.django.view import VIEWS


class SameCells(Agreement):
    """Every file must have the cells of this library's file of the same view, by value."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="ticket-export-bench-")
        self._files: dict[str, Path] = {}
        self._found: dict[str, Comparison] = {}

    @property
    def found(self) -> Mapping[str, Comparison]:
        """What each file has in another form than this library's."""
        return MappingProxyType(self._found)

    def add(self, name: str, file: Path) -> None:
        self._files[name] = file.rename(Path(self._folder.name) / f"{len(self._files)}.csv")

    def require(self) -> None:
        ours = LIBRARIES[OURS].values()
        for name, file in self._files.items():
            view = VIEW_OF[name]
            own = self._files.get(LIBRARIES[OURS][view])
            if name in ours or own is None:
                continue
            try:
                self._found[name] = compare_files(own, file, VIEWS[view])
            except CellsDifferError as error:
                sys.exit(f"{name} did not write the same cells as {LIBRARIES[OURS][view]}: {error}")
            note(f"{name}: {self._found[name].records:,} equal rows")
        self._folder.cleanup()
