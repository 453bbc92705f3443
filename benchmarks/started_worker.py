"""Measure one export in a running worker: python -m benchmarks.started_worker FIGURES [--view JSON] [--team ID …].

Imports, wiring, the first connection and an export of one ticket come before the measurement. It ends when the job is
committed as completed. The command writes the figures to the file FIGURES as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time
from uuid import UUID

import attrs
from sqlalchemy import Text, literal_column

from benchmarks.query import COLUMNS, TAGS_BY_AGGREGATE
from benchmarks.stages import Stages
from ticket_export import TicketExportContainer
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.run.progress import Progress, ignore_progress
from ticket_export.application.run.run_outcome import RunOutcome
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.run_export import ignore_stall
from ticket_export.application.use_cases.run_next_export import RunNextExport

_VIEW = {"columns": list(COLUMNS), "sortField": "creationTime", "sortDirection": "desc"}
# Some of the first tickets are deleted.
_FEW_TICKETS = {"filters": [{"field": "id", "operator": "lte", "value": 10}]}


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
    ) -> RunOutcome:
        def tell(progress: Progress) -> None:
            self.see(progress)
            on_progress(progress)

        return super().__call__(on_progress=tell, stop=stop, on_stall=on_stall)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.started_worker")
    parser.add_argument("figures", type=Path)
    parser.add_argument("--view", type=json.loads, default={}, help="what differs from the usual view, as JSON")
    parser.add_argument("--team", action="append", type=UUID, help="a row rule shows only the tickets of these teams")
    parser.add_argument("--without", action="append", default=[], help="a module that cannot be imported")
    parser.add_argument("--import", dest="imports", action="append", default=[], help="a module to import, unused")
    parser.add_argument("--metrics", action="store_true", help="record metrics, and collect them every second")
    parser.add_argument("--aggregate", action="store_true", help="join the tags with string_agg()")
    arguments = parser.parse_args()
    for module in arguments.without:
        # Python's documented way to prevent an import.
        sys.modules[module] = None  # type: ignore[assignment]
    for module in arguments.imports:
        import_module(module)
    container = TicketExportContainer()
    catalog = container.catalog()
    if arguments.team:
        (team_id,) = (each.expression for each in catalog.columns if each.column.name == "owningTeamId")
        catalog = attrs.evolve(catalog, visible_to=lambda _actor: team_id.in_(arguments.team))
    if arguments.aggregate:
        by_aggregate = literal_column(TAGS_BY_AGGREGATE, Text())
        columns = [
            attrs.evolve(each, expression=by_aggregate) if each.column.name == "tags" else each
            for each in catalog.columns
        ]
        catalog = attrs.evolve(catalog, columns=columns)
    container.catalog.override(catalog)
    with _collected_metrics(container) if arguments.metrics else nullcontext():
        figures = _measured(container, {**_VIEW, **arguments.view})
    arguments.figures.write_text(json.dumps(figures), encoding="utf-8")


@contextmanager
def _collected_metrics(container: TicketExportContainer) -> Iterator[None]:
    # Only this contender needs the packages. What an exporter makes of the metrics is not the library's work.
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    assert container.settings().metrics == "opentelemetry"
    reader, is_over = InMemoryMetricReader(), Event()

    def collect() -> None:
        while not is_over.wait(1):
            reader.get_metrics_data()

    thread = Thread(target=collect, daemon=True)
    with container.meter_provider.override(MeterProvider([reader])):
        thread.start()
        yield
    is_over.set()
    thread.join(1)


def _measured(container: TicketExportContainer, view: Mapping[str, object]) -> Mapping[str, object]:
    actor = container.user_directory().find_by_email("admin@example.test")
    assert actor is not None, "the sample data has no administrator"
    request_export = container.request_export()
    request_export(actor, {**view, **_FEW_TICKETS})
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
    requested = request_export(actor, view)
    worker.drain(on_end=lambda job: ended.append((job, perf_counter(), process_time())))
    ((job, at, cpu),) = ended
    assert job.id == requested.id, f"it was {job.id} that ended"
    assert job.status == "completed", job.error_message
    container.engine().dispose()
    return {"seconds": at - began, "cpu_seconds": cpu - began_cpu, "stages": stages.between(began, at)}


if __name__ == "__main__":
    main()
