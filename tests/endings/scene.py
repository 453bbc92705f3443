"""A store with a network before it, both of which a test can take away, and a storage that uses it all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import Final, cast

import attrs

from tests.cut_proxy import CutProxy, cut_proxy
from tests.endings.fork_server import ForkServer
from tests.endings.near_places import LocalPlace, MemoryPlace
from tests.stores.served_store import Place, StoreServer
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.infrastructure.storage.bases.daemon_threads import CALLING

#: The stores with a server, and the class of each server.
SERVERS: Final = {
    "S3": "tests.stores.moto:MotoServer",
    "Azure": "tests.stores.azurite:AzuriteServer",
    "GCS": "tests.stores.fake_gcs:FakeGcsServer",
    "SFTP": "tests.stores.openssh:OpenSshServer",
}
STORES: Final = ("memory", "local", *SERVERS)
#: The patience of a storage whose store goes away.
BRIEF: Final = timedelta(seconds=1)
# Seconds; only a failing test waits for so long.
_LONGEST = 60.0


@attrs.frozen
class Network:
    """The server of a store, and the way to it."""

    server: StoreServer
    proxy: CutProxy

    def restart(self, seconds: float) -> Callable[[], None]:
        """Let the server go away now and come back after so many seconds; the function waits until it is back."""
        # Not killed: azurite writes down what it has every few seconds, and when it is stopped.
        self.server.stop()

        def begin() -> None:
            sleep(seconds)
            self.server.start()

        coming = threading.Thread(target=begin, daemon=True)
        coming.start()

        def wait() -> None:
            coming.join(_LONGEST)
            assert not coming.is_alive()

        return wait


@attrs.frozen
class Scene:
    """`storage` reaches the store by way of the network, if there is one; `place` never does.

    `brief` gives up soon, so that a test can wait for it. A busy machine may be slower than that.
    """

    name: str
    place: Place
    storage: ExportStorage
    brief: ExportStorage
    network: Network | None
    fork_server: ForkServer

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a process that reaches the store as `storage` does."""
        return self.place.environment(self.network.proxy.port if self.network else None)


@contextmanager
def scene(name: str, folder: Path, fork_server: ForkServer) -> Iterator[Scene]:
    """An empty place of the store of that name; its server ends with the block."""
    if name not in SERVERS:
        near: Place = MemoryPlace() if name == "memory" else LocalPlace(folder / "exports")
        yield Scene(name, near, storage := near.storage(), storage, None, fork_server)
        return
    module, _, server_class = SERVERS[name].partition(":")
    server = cast("StoreServer", getattr(import_module(module), server_class)(folder / name))
    server.start()
    try:
        place = server.new_place()
        with cut_proxy(f"http://127.0.0.1:{server.port}") as proxy:
            storage, brief = place.storage(port=proxy.port), place.storage(port=proxy.port, patience=BRIEF)
            yield Scene(name, place, storage, brief, Network(server, proxy), fork_server)
    finally:
        server.stop()


def wait_for_uploads() -> None:
    """Until no thread of an upload runs any more: an upload that was interrupted is left to its thread."""
    deadline = monotonic() + _LONGEST
    while running := [each for each in threading.enumerate() if each.name == CALLING]:
        assert monotonic() < deadline, f"{len(running)} uploads never end"
        sleep(0.005)
