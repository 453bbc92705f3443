"""A process that is forked from one with metrics, as in Celery's prefork pool, has metrics of its own."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from tests.forked import exit_code, run_in_fork
from ticket_export import Settings, TicketExportContainer, upgrade
from ticket_export.infrastructure.metrics import queue_watch
from ticket_export.testing.memory import InMemoryStorage

PATIENCE = 60.0


def waiting(reader: InMemoryMetricReader) -> list[float]:
    """What the gauge of waiting exports shows."""
    read = reader.get_metrics_data()
    scopes = [scope for resource in read.resource_metrics for scope in resource.scope_metrics] if read else []
    return [
        point.value
        for scope in scopes
        for metric in scope.metrics
        if metric.name == "ticket_export.queue.waiting"
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint)
    ]


@pytest.mark.usefixtures("no_cover")
def test_child_reads_the_queue_although_a_reading_of_its_parent_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(metrics="opentelemetry", database_url=f"sqlite:///{tmp_path}/jobs.db")
    reader = InMemoryMetricReader()
    container = TicketExportContainer(settings=settings, storage=InMemoryStorage())
    upgrade(container.engine(), reference_schema=True)
    container.meter_provider.override(MeterProvider([reader], shutdown_on_exit=False))
    container.run_next_export()
    assert waiting(reader) == [0]

    # From now on each reading of this process begins and does not end.
    answers, read = Event(), queue_watch.QueueWatch._read
    monkeypatch.setattr(queue_watch, "PATIENCE", 0.1)
    monkeypatch.setattr(queue_watch, "FRESH", 0.0)
    monkeypatch.setattr(queue_watch.QueueWatch, "_read", lambda watch: (answers.wait(PATIENCE), read(watch))[1])
    scrape = Thread(target=waiting, args=(reader,), daemon=True)
    scrape.start()
    scrape.join(PATIENCE)

    def child() -> None:
        answers.set()
        monkeypatch.setattr(queue_watch, "PATIENCE", PATIENCE)
        assert waiting(reader) == [0]

    assert exit_code(run_in_fork(child)) == 0
    answers.set()
    container.engine().dispose()
