"""Run an S3 server: python -m benchmarks.storage.server SECONDS.

It prints its URL, delays each answer by that many seconds, and ends at the end of its input.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from tests.s3_server import S3Request, S3Server


def main(latency: float) -> None:
    def late(request: S3Request) -> Iterable[bytes]:
        time.sleep(latency)
        return request.serve()

    with S3Server() as server:
        server.s3.fault = late
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(float(sys.argv[1]))
