"""``pandas.read_sql_query`` and ``to_csv``: python -m benchmarks.peers.pandas_export URL FILE."""

from __future__ import annotations

import sys

import pandas as pd
from sqlalchemy import text

from benchmarks.peers.engine import engine_of
from benchmarks.query import select_of


def main(url: str, file: str) -> None:
    with engine_of(url).connect() as connection:
        tickets = pd.read_sql_query(text(select_of(url)), connection)
    # With another line end, pandas does not quote a single CR, and readers take it for a line end.
    tickets.to_csv(file, index=False, lineterminator="\r\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
