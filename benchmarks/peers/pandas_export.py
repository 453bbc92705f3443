"""``pandas.read_sql`` and ``to_csv``: python -m benchmarks.peers.pandas_export DATABASE FILE."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import pandas as pd

from benchmarks.query import SQL


def main(database: str, file: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        pd.read_sql_query(SQL, connection).to_csv(file, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
