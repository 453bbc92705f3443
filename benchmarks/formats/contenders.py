"""The formats, and what they are compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs

from benchmarks.contenders import PSQL, Contender, HelpDesk, Peer, Psql, started_worker
from benchmarks.measure import Run
from benchmarks.promises import Promises, Ratio
from benchmarks.query import COLUMNS

CSV = "CSV"
XLSX = "XLSX, isal"
XLSX_ZLIB = "XLSX, zlib"
NDJSON = "NDJSON"
XLSXWRITER = "XlsxWriter"
TAGS = "CSV with tags"
AGGREGATED_TAGS = "CSV with tags by string_agg()"

PROMISES = Promises(
    ratios=(
        Ratio(CSV, PSQL, at_most=1.15),
        Ratio(XLSX, CSV, at_most=2.3),
        Ratio(XLSX_ZLIB, CSV, at_most=2.8),
        Ratio(XLSXWRITER, XLSX, at_least=8),
        Ratio(NDJSON, CSV, at_most=1.8),
        Ratio(TAGS, AGGREGATED_TAGS, less=CSV, at_most=0.5),
    ),
    ours=(CSV, XLSX, XLSX_ZLIB, NDJSON),
    peak_mb=100,
)


@attrs.frozen
class Export:
    """An export in a running worker, as in `benchmarks`, of a view with these differences."""

    view: Mapping[str, object] = attrs.field(factory=dict)
    options: tuple[str, ...] = ()

    def __call__(self, desk: HelpDesk, file: Path) -> Run:
        return started_worker(desk, file, f"--view={json.dumps(self.view)}", *self.options)


def contenders(psql: str) -> dict[str, Contender]:
    """All of them; `psql` is the path of the program."""
    xlsx, with_tags = {"file": {"format": "xlsx"}}, {"columns": [*COLUMNS, "tags"]}
    return {
        CSV: Export(),
        PSQL: Psql(psql),
        XLSX: Export(xlsx),
        # Without isal, the library deflates with zlib.
        XLSX_ZLIB: Export(xlsx, ("--without=isal",)),
        XLSXWRITER: Peer("xlsxwriter_export"),
        NDJSON: Export({"file": {"format": "ndjson"}}),
        TAGS: Export(with_tags),
        AGGREGATED_TAGS: Export(with_tags, ("--aggregate",)),
    }
