"""A help desk for the hosts: a database, a storage, and a worker in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import attrs
import pytest

from ticket_export import Settings, StopSignal, TicketExportContainer, load_sample_data, upgrade


@attrs.frozen
class Desk:
    """A help desk. `environment` has the settings of its hosts; `container` is one of the tests' own."""

    settings: Settings
    container: TicketExportContainer

    @property
    def environment(self) -> dict[str, str]:
        return {name: text for name, text in self.settings.environment().items() if name.startswith("TICKET_EXPORT_")}

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run exports in a thread until the block ends."""
        stop = StopSignal()
        thread = Thread(target=self.container.worker().run, kwargs={"stop": stop}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.give()
            thread.join(timeout=60)
            assert not thread.is_alive()


def make_desk(folder: Path, tickets: int = 200, **settings: object) -> Desk:
    """A help desk in this folder, on SQLite unless the settings say otherwise."""
    values = {"database_url": f"sqlite:///{folder}/desk.db", "storage_url": (folder / "files").as_uri(), **settings}
    container = TicketExportContainer(settings=(made := Settings(_env_file=None, **values)))  # type: ignore[arg-type]
    upgrade(container.engine(), reference_schema=True)
    load_sample_data(container.engine(), container.tables(), tickets=tickets, seed=1, now=datetime.now(UTC))
    return Desk(made, container)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)
