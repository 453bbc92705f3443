"""What scenarios have in common, and how jobs get to where a scenario begins."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tests.crashes.case import Case
from tests.crashes.world import ACTOR, OTHER_ZONE, World
from ticket_export.application.file.export_file import database_prefix
from ticket_export.application.run.progress import Progress

#: Longer than any export is kept.
RETENTION = timedelta(hours=73)


class Plain:
    """A scenario like most."""

    tick = timedelta(0)
    miscounts = False
    loses_tickets = False
    counts_heartbeat = False
    begins_in_order = True
    deletes_files = False

    def claim_at_once(self, case: Case) -> None:
        pass

    def finish(self, case: Case) -> None:
        pass


def queued(world: World) -> UUID:
    return world.parts.request_export()(ACTOR, world.view).id


def queued_besides(world: World) -> UUID:
    """Of another view of the same bytes, since a view that is queued is not queued again."""
    return world.parts.request_export()(ACTOR, {**world.view, **OTHER_ZONE}).id


def lost(world: World) -> UUID:
    """Running, by a worker that is no more."""
    job_id = queued(world)
    world.parts.claims().claim(job_id)
    return job_id


def losing(world: World, attempts: int) -> UUID:
    """Queued, after so many attempts that were lost."""
    job_id = queued(world)
    for _ in range(attempts):
        world.parts.claims().claim(job_id)
        world.clock.advance(world.parts.settings().lease)
        assert world.parts.recover_stalled_exports()().requeued == 1
    return job_id


def completed(world: World) -> UUID:
    job_id = queued(world)
    assert world.parts.run_export()(job_id).status == "completed"
    return job_id


def failed(world: World) -> UUID:
    job_id = queued(world)

    def fail(_progress: Progress) -> None:
        raise ValueError

    assert world.parts.run_export()(job_id, on_progress=fail).status == "failed"
    return job_id


def orphaned(world: World) -> UUID:
    """Failed, with the object of an attempt that was killed between publishing it and saying so."""
    job_id = failed(world)
    with world.parts.unit_of_work() as work:
        prefix = database_prefix(work.database.identity().id)
    put(world, f"{prefix}{job_id}/1/tickets.csv")
    return job_id


def put(world: World, key: str, data: bytes | None = None) -> None:
    with world.parts.storage().open_writer(key, "text/csv") as writer:
        writer.write(world.right_bytes if data is None else data)
