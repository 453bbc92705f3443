"""Measure one export in a running worker: python -m benchmarks.started_worker FIGURES [TEAM…].

Imports, wiring, the first connection and an export of one ticket come before the measurement. It ends when the job is
committed as completed. The command writes the figures to the file FIGURES as JSON. With TEAMs, a row rule shows only
their tickets.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from uuid import UUID

import attrs

from benchmarks.query import COLUMNS
from benchmarks.stages import Stages
from ticket_export import TicketExportContainer
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.progress import Progress, ignore_progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_export import ignore_stall
from ticket_export.application.use_cases.run_next_export import RunNextExport

_VIEW = {"columns": list(COLUMNS), "sortField": "creationTime", "sortDirection": "desc"}
# Some of the first tickets are deleted.
_FEW_TICKETS = {**_VIEW, "filters": [{"field": "id", "operator": "lte", "value": 10}]}


@attrs.frozen(kw_only=True)
class _Watched(RunNextExport):
    """Also passes the progress to `see`."""

    see: Callable[[Progress], None]

    def __call__(
        self,
        *,
        on_progress: Callable[[Progress], None] = ignore_progress,
        stop: StopSignal | None = None,
        on_stall: Callable[[], None] = ignore_stall,
    ) -> ExportJobDto | None:
        def tell(progress: Progress) -> None:
            self.see(progress)
            on_progress(progress)

        return super().__call__(on_progress=tell, stop=stop, on_stall=on_stall)


def main(figures: str, *teams: str) -> None:
    container = TicketExportContainer()
    if teams:
        catalog, ids = container.catalog(), [UUID(team) for team in teams]
        (team_id,) = (each.expression for each in catalog.columns if each.column.name == "owningTeamId")
        container.catalog.override(attrs.evolve(catalog, visible_to=lambda _actor: team_id.in_(ids)))
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None, "the sample data has no administrator"
    request_export = container.request_export()
    request_export(actor, _FEW_TICKETS)
    container.worker().drain()
    stages = Stages()
    stages.listen(container.engine())
    run_next_export = _Watched(
        claims=container.claims(),
        run_export=container.run_export(),
        task_queue=container.task_queue(),
        see=stages.progress,
    )
    worker = container.worker(run_next_export=run_next_export)
    ended: list[tuple[ExportJobDto, float, float]] = []
    began, began_cpu = perf_counter(), process_time()
    requested = request_export(actor, _VIEW)
    worker.drain(on_end=lambda job: ended.append((job, perf_counter(), process_time())))
    ((job, at, cpu),) = ended
    assert job.id == requested.id, f"it was {job.id} that ended"
    assert job.status == "completed", job.error_message
    container.engine().dispose()
    measured = {"seconds": at - began, "cpu_seconds": cpu - began_cpu, "stages": stages.between(began, at)}
    Path(figures).write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
