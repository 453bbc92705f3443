"""Prometheus reads the metrics of a worker over HTTP, by the names that the page documents."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Final
from urllib.request import urlopen

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.documents import ROOT
from tests.e2e.held_exports import (
    HELD,
    STAFF,
    HeldExports,
    request,
    seconds_until,
    started_worker,
    status,
)

PAGE: Final = ROOT / "docs" / "how-to" / "monitor-exports.md"
ON: Final = {"TICKET_EXPORT_METRICS": "opentelemetry"}


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
    with started_worker(help_desk, *HELD, port=port) as worker:
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
