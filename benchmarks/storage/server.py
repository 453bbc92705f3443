"""Run the server of a store: python -m benchmarks.storage.server STORE PORT ….

It prints a line of JSON: its own port, and for each PORT the environment variables of an export that reaches it by
that port. It ends at the end of its input.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from tests.stores.served_store import StoreServer

# The module and the class, of which no more than one is imported.
_SERVERS = {
    "moto": ("tests.stores.moto", "MotoServer"),
    "azurite": ("tests.stores.azurite", "AzuriteServer"),
    "fake-gcs-server": ("tests.stores.fake_gcs", "FakeGcsServer"),
}


def main(store: str, *ports: str) -> None:
    module, name = _SERVERS[store]
    with TemporaryDirectory(prefix="ticket-export-bench-") as folder:
        server = cast("StoreServer", getattr(import_module(module), name)(Path(folder) / "data"))
        server.start()
        try:
            place = server.new_place()
            environments = [place.environment(int(port)) for port in ports]
            print(json.dumps({"port": server.port, "environments": environments}), flush=True)
            sys.stdin.read()
        finally:
            server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
