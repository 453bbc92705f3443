"""The places to which an export writes its file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from benchmarks import measure
from benchmarks.contenders import HelpDesk
from benchmarks.measure import Run
from benchmarks.storage.latency_proxy import LatencyProxy

LOCAL = "local files"
#: Seconds that each request takes longer in a place that is further away.
LATENCY = 0.05


@attrs.frozen
class Store:
    """A store of objects, its server, the module that its driver is, and the packages that the driver needs."""

    name: str
    server: str
    driver: str
    packages: frozenset[str]

    @property
    def far(self) -> str:
        """The name of the place that is further away."""
        return f"{self.name}, {LATENCY * 1000:.0f} ms further away"

    @property
    def baseline(self) -> str:
        """The name of the place whose memory is compared: the process has the driver, and does not use it."""
        return f"{LOCAL}, {self.driver} imported"


STORES = (
    Store("S3", "moto", "boto3", frozenset({"boto3"})),
    Store("Azure", "azurite", "azure.storage.blob", frozenset({"azure", "requests"})),
    Store("Google Cloud Storage", "fake-gcs-server", "google.cloud.storage", frozenset({"google", "requests"})),
)


@attrs.frozen
class Place:
    """The environment variables of a storage, besides the help desk's own, and options of `started_worker`."""

    environment: Mapping[str, str] = {}
    options: Sequence[str] = ()
    #: Where what is sent to the storage passes.
    proxy: LatencyProxy | None = None

    def export(self, desk: HelpDesk) -> Run:
        """From the request to the committed job, in a worker that is already running; measured as in `benchmarks`."""
        figures = desk.folder / "figures.json"
        command = [sys.executable, "-m", "benchmarks.started_worker", str(figures), *self.options]
        sent = self.proxy.sent if self.proxy else 0
        process = measure.run(command, environment={**desk.environment, **self.environment})
        assert self.proxy is None or self.proxy.sent > sent, "the export has not passed the proxy"
        return attrs.evolve(process, **json.loads(figures.read_text(encoding="utf-8")))


@contextmanager
def places(stores: Sequence[Store], server_python: str) -> Iterator[Mapping[str, Place]]:
    """Local files, and of each store the baseline, the place nearby and the one further away.

    Each server is a process of its own, run by that Python. A process has the driver of one store only, as in an
    installation with the extra of that store: smart-open imports every driver that it finds.
    """
    found = {LOCAL: Place()}
    with ExitStack() as stack:
        for store in stores:
            others = frozenset[str]().union(*(each.packages for each in STORES)) - store.packages
            options = [f"--without={package}" for package in sorted(others)]
            found[store.baseline] = Place(options=[*options, f"--import={store.driver}"])
            proxies = [stack.enter_context(LatencyProxy(latency)) for latency in (0.0, LATENCY)]
            environments = stack.enter_context(_served(store, server_python, proxies))
            for name, environment, proxy in zip((store.name, store.far), environments, proxies, strict=True):
                found[name] = Place(environment, options, proxy)
        yield found


@contextmanager
def _served(store: Store, python: str, proxies: Sequence[LatencyProxy]) -> Iterator[Sequence[Mapping[str, str]]]:
    command = [python, "-m", "benchmarks.storage.server", store.server, *(str(proxy.port) for proxy in proxies)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise SystemExit(f"the server of {store.name} has not started; --only leaves it out")
        answer = json.loads(line)
        for proxy in proxies:
            proxy.forward_to(answer["port"])
        yield answer["environments"]
        # The server ends at the end of its input.
        server.communicate()
