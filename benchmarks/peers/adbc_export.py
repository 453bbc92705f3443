"""Arrow batches of ADBC through Arrow's CSV writer: python -m benchmarks.peers.adbc_export URL FILE."""

from __future__ import annotations

import sys

from adbc_driver_postgresql import dbapi
from pyarrow import csv

from benchmarks.query import select_of


def main(url: str, file: str) -> None:
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(select_of(url))
        batches = cursor.fetch_record_batch()
        with csv.CSVWriter(file, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)


if __name__ == "__main__":
    main(*sys.argv[1:])
