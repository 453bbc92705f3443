"""Streamed rows through the csv module: python -m benchmarks.peers.sqlalchemy_export URL FILE."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sqlalchemy import text

from benchmarks.peers.engine import engine_of
from benchmarks.query import select_of

_ROWS_AT_ONCE = 1000


def main(url: str, file: str) -> None:
    with engine_of(url).connect() as connection, Path(file).open("w", encoding="utf-8", newline="") as stream:
        result = connection.execution_options(stream_results=True).execute(text(select_of(url)))
        # With another line end than CR LF, the writer does not quote a single CR, and readers take it for a line end.
        writer = csv.writer(stream)
        writer.writerow(result.keys())
        for rows in result.partitions(_ROWS_AT_ONCE):
            writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
