"""Prometheus reads the metrics of a worker over HTTP, by the names that the page documents."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Final
from urllib.request import urlopen

import pytest
import yaml
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.documents import ROOT, blocks
from tests.e2e.held_exports import HELD, STAFF, HeldExports, request, seconds_until, started, status
from ticket_export.infrastructure.metrics.export_metrics import ExportMetrics
from ticket_export.infrastructure.metrics.queue_watch import QueueWatch
from ticket_export.ports import ExportJobStatus, ProgressStage
from ticket_export.testing.entities import NOW, a_job, a_user
from ticket_export.testing.memory import InMemoryClock, InMemoryDatabase, InMemoryUnitOfWork

PAGE: Final = ROOT / "docs" / "how-to" / "monitor-exports.md"


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        number: int = server.getsockname()[1]
    return number


def scraped(port: int) -> dict[str, Metric]:
    """The families of metrics, by name."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        return {each.name: each for each in text_string_to_metric_families(response.read().decode())}


def value(metrics: dict[str, Metric], sample: str, **labels: str) -> float | None:
    """The value of the sample with these labels among others; None if there is none."""
    wanted = {f"ticket_export_{name}": text for name, text in labels.items()}
    found = [
        each.value
        for family in metrics.values()
        for each in family.samples
        if each.name == sample and wanted.items() <= each.labels.items()
    ]
    return found[0] if found else None


def test_worker_serves_the_metrics_of_its_exports_and_of_the_queue(help_desk: HelpDesk, port: int) -> None:
    held = HeldExports.prepare(help_desk.folder)
    command = (*HELD, "worker", "--metrics-port", str(port))
    with started(help_desk, *command, TICKET_EXPORT_METRICS="opentelemetry") as worker:
        assert worker.wait_for_line().startswith("worker ready: ")
        ids = [request("--columns", column) for column in ("id", "title")]
        seconds_until(lambda: value(scraped(port), "ticket_export_queue_running") == 1)
        metrics = scraped(port)
        assert value(metrics, "ticket_export_queue_waiting") == 1
        assert (value(metrics, "ticket_export_queue_age_seconds") or 0) > 0
        assert value(metrics, "ticket_export_export_duration_seconds_count", outcome="completed") is None
        held.release()
        seconds_until(lambda: all(status(each) == "completed" for each in ids))
        seconds_until(lambda: value(scraped(port), "ticket_export_queue_running") == 0)
        metrics = scraped(port)
        assert value(metrics, "ticket_export_queue_waiting") == 0
        assert value(metrics, "ticket_export_queue_age_seconds") == 0
        assert value(metrics, "ticket_export_export_duration_seconds_count", outcome="completed") == 2
        assert value(metrics, "ticket_export_stage_duration_seconds_count", stage="exporting") == 2
        assert value(metrics, "ticket_export_rows_total") == 2 * row_count(ids[0])
        assert (value(metrics, "ticket_export_file_io_bytes_total") or 0) > row_count(ids[0])
        assert (value(metrics, "process_resident_memory_bytes") or 0) > 1e6
        assert worker.stop().exit_code == 0


def test_worker_serves_the_metrics_of_a_host_that_has_made_its_own_before(help_desk: HelpDesk, port: int) -> None:
    (help_desk.folder / "measured_helpdesk.py").write_text(
        "from ticket_export.container import TicketExportContainer\n"
        "container = TicketExportContainer()\n"
        "container.metrics()\n"
    )
    command = ("--app", "measured_helpdesk:container", "worker", "--metrics-port", str(port))
    with started(help_desk, *command, TICKET_EXPORT_METRICS="opentelemetry") as worker:
        assert worker.wait_for_line().startswith("worker ready: ")
        metrics = scraped(port)
        assert value(metrics, "ticket_export_queue_waiting") == 0
        assert value(metrics, "ticket_export_exports_total", outcome="failed") == 0
        assert worker.stop().exit_code == 0


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "é" * 100])
def test_host_that_does_not_exist_is_refused(
    help_desk: HelpDesk, port: int, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_METRICS", "opentelemetry")
    ended = run_command("worker", "--drain", "--metrics-port", str(port), "--metrics-host", host)
    assert ended.exit_code == 2
    (problem,) = ended.problems
    assert problem.startswith(f"--metrics-port: cannot listen on {host}:{port}: ")


def row_count(job_id: str) -> int:
    document = run_command("show", job_id, *STAFF, "--json").document
    assert isinstance(document, dict)
    number: int = document["rowCount"]
    return number


def test_port_without_the_setting_is_refused(help_desk: HelpDesk, port: int) -> None:
    ended = run_command("worker", "--metrics-port", str(port))
    assert ended.exit_code == 2
    assert ended.problems == ["--metrics-port: there are no metrics; set TICKET_EXPORT_METRICS=opentelemetry"]


def test_port_that_is_taken_is_refused(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_METRICS", "opentelemetry")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]
        ended = run_command("worker", "--drain", "--metrics-port", str(taken))
    assert ended.exit_code == 2
    assert ended.problems == [f"--metrics-port: cannot listen on 127.0.0.1:{taken}: Address already in use"]


def test_port_is_closed_when_the_worker_ends(help_desk: HelpDesk, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_METRICS", "opentelemetry")
    for _ in range(2):
        assert run_command("worker", "--drain", "--metrics-port", str(port)).exit_code == 0


@pytest.fixture
def every_metric() -> Iterator[tuple[set[str], dict[str, Metric]]]:
    """Each metric of the library with a value: the names of OpenTelemetry, and the families of Prometheus."""
    reader, registry = InMemoryMetricReader(), CollectorRegistry()
    provider = MeterProvider([reader, PrometheusMetricReader(registry=registry)], shutdown_on_exit=False)
    metrics = ExportMetrics(provider, QueueWatch(lambda: InMemoryUnitOfWork(InMemoryDatabase()), InMemoryClock(NOW)))
    job = a_job(a_user(), status=ExportJobStatus.RUNNING)
    job.fail("The storage is full.", NOW)
    metrics.export_ended(job)
    for stage in ProgressStage:
        metrics.stage_ended(stage, timedelta(seconds=1))
    read = reader.get_metrics_data()
    assert read is not None
    names = {
        each.name for resource in read.resource_metrics for scope in resource.scope_metrics for each in scope.metrics
    }
    text = generate_latest(registry).decode()
    yield names, {each.name: each for each in text_string_to_metric_families(text)}
    provider.shutdown()


def test_page_lists_every_metric_with_its_name_in_prometheus(
    every_metric: tuple[set[str], dict[str, Metric]],
) -> None:
    names, families = every_metric
    listed = dict(re.findall(r"^\| `(ticket_export\.[a-z.]+)` \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert set(listed) == names
    ours = [each for each in families.values() if each.name.startswith("ticket_export_")]
    assert set(listed.values()) == {f"{each.name}{'_total' * (each.type == 'counter')}" for each in ours}


def test_page_lists_every_value_of_an_attribute(every_metric: tuple[set[str], dict[str, Metric]]) -> None:
    _, families = every_metric
    page = PAGE.read_text("utf-8")
    values = {
        value
        for family in families.values()
        for sample in family.samples
        for label, value in sample.labels.items()
        if label.startswith("ticket_export_")
    }
    assert len(values) == 19
    assert [each for each in values if f"`{each}`" not in page] == []


def test_alerts_of_the_page_name_metrics_and_labels_that_exist(
    every_metric: tuple[set[str], dict[str, Metric]],
) -> None:
    _, families = every_metric
    samples = [sample for family in families.values() for sample in family.samples]
    (alerts,) = (yaml.safe_load(each.text) for each in blocks(PAGE) if "alert:" in each.text)
    (group,) = alerts["groups"]
    expressions = " ".join(rule["expr"] for rule in group["rules"])
    selected = re.findall(r'(ticket_export_\w+_\w+)(?:\{(\w+)=~?"([\w|]+)"\})?', expressions)
    names = [(name, label, value) for name, label, values in selected for value in values.split("|")]
    assert len(names) >= len(group["rules"])
    for name, label, value in names:
        if name != "ticket_export_chore":
            found = [each for each in samples if each.name == name and (not label or each.labels.get(label) == value)]
            assert found, (name, label, value)
