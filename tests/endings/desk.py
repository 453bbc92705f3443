"""A help desk whose exports go to a store that a test can take away, and what is left of them in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final
from uuid import UUID

import attrs
import pytest

from tests.chaos.arena import Arena
from tests.endings.fork_server import Forked
from tests.endings.scene import Scene
from ticket_export.application.file.export_file import manifest_key, owner_key
from ticket_export.container import TicketExportContainer
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.storage import SupportsDiscardStale
from ticket_export.testing.engines.arena import settings_of
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

#: Up to a megabyte: some parts.
TICKETS: Final = 4_000
# Seconds; only a failing test waits for so long.
_LONGEST = 120.0
_LONG = timedelta(hours=6)


@attrs.frozen
class Desk:
    """The exports of one store: `arena` requests them, workers of their own processes make them."""

    scene: Scene
    arena: Arena
    variables: dict[str, str]

    def worker(self, patience: timedelta) -> Forked:
        """Begin a worker that runs what is queued, cleans up, and ends."""
        environment = self.variables | {"TICKET_EXPORT_STORAGE_PATIENCE_SECONDS": str(patience.total_seconds())}
        return self.scene.fork_server.fork("tests.endings.processes:drain", environment=environment)

    def finish(self) -> None:
        """Let other attempts end what was lost, now that nothing disturbs them any more."""
        deadline = monotonic() + _LONGEST
        while left := self.arena.unfinished():
            assert monotonic() < deadline, f"{self.scene.name}: {left} exports never end"
            self.arena.end_leases()
            self.arena.container.recover_stalled_exports()()
            self.arena.container.worker().drain()

    def end(self) -> DeskEnd:
        """Sweep, as workers do, and return what is left then."""
        swept = self.arena.container.sweep_orphaned_objects()()
        assert (swept.failed, swept.refused) == (0, None)
        storage = self.scene.storage
        stale = storage.discard_stale(datetime.now(UTC) + _LONG) if isinstance(storage, SupportsDiscardStale) else 0
        return DeskEnd.of(self, orphans=swept.removed, stale=stale + swept.unfinished)


@attrs.frozen(kw_only=True)
class DeskEnd:
    """What is left of all exports of a desk; `orphans` and `stale` are what the sweep has removed."""

    statuses: dict[UUID, ExportJobStatus]
    lost_attempts: int
    orphans: int
    stale: int
    half_files: list[str]
    files_without_row: list[str]
    rows_without_file: list[str]
    #: What is in the store, and is neither an object of the library nor something that the store removes itself.
    other_names: list[str]

    @classmethod
    def of(cls, desk: Desk, *, orphans: int, stale: int) -> DeskEnd:
        end = EndState.of(desk.arena)
        files = {job.id: job.media_item.object_key for job in end.jobs if job.media_item}
        known = {*end.media_items, *map(manifest_key, end.media_items)}
        with desk.arena.container.unit_of_work() as work:
            owner = owner_key(work.database.identity().id)
        assert Counter(files.values()) == end.media_items
        return cls(
            statuses={job.id: job.status for job in end.jobs},
            lost_attempts=end.lost_attempts,
            orphans=orphans,
            stale=stale,
            half_files=[
                key for job_id, key in files.items() if end.objects.get(key) not in {end.expected[job_id], None}
            ],
            files_without_row=sorted({*end.objects} - known),
            rows_without_file=sorted(known - {*end.objects}),
            other_names=_others(desk.scene, {*end.objects, owner}),
        )


def _others(scene: Scene, keys: set[str]) -> list[str]:
    names = scene.place.names()
    if isinstance(scene.storage, SupportsDiscardStale):
        # A name may differ from the key.
        return names if len(names) != len(keys) else []
    return [name for name in names if name not in keys and scene.place.get(name) is not None]


@contextmanager
def desk(scene: Scene, folder: Path) -> Iterator[Desk]:
    """A new database with tickets, and the scene's storage."""
    folder.mkdir()
    database_url = f"sqlite:///{folder / 'desk.db'}"
    with pytest.MonkeyPatch.context() as patch:
        variables = {} if scene.name == "memory" else scene.variables
        for name, value in variables.items():
            patch.setenv(name, value)
        settings = settings_of(folder, database_url).model_copy(update={"lease_seconds": 5})
        if variables:
            settings = settings.model_copy(update={"storage_url": variables["TICKET_EXPORT_STORAGE_URL"]})
        container = TicketExportContainer(settings=settings, storage=scene.storage)
        arena = Arena(folder, settings, container)
        try:
            arena.fill(TICKETS)
            yield Desk(scene, arena, settings.environment() | variables)
        finally:
            arena.close()


def views(count: int, random: Random) -> Sequence[dict[str, object]]:
    """Return different views of several parts each, whose files always have the same bytes."""
    return distinct_views(count, TICKETS, random, formats=("csv", "ndjson"))
