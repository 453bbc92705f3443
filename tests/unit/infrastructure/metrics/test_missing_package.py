"""The packages of the metrics are optional; what needs them says which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ticket_export import Settings, TicketExportContainer
from ticket_export.errors import ConfigurationError, MissingExtraError
from ticket_export.infrastructure.metrics.prometheus import served_meter_provider


def test_metrics_without_the_package_name_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    settings = Settings(metrics="opentelemetry", database_url=f"sqlite:///{tmp_path}/desk.db")
    container = TicketExportContainer(settings=settings)
    expected = (
        r"^TICKET_EXPORT_METRICS=opentelemetry needs an optional dependency: pip install 'ticket-export\[metrics\]'$"
    )
    for part in (container.metrics, container.run_next_export, container.cancel_export):
        with pytest.raises(MissingExtraError, match=expected):
            part()
    assert any("pip install 'ticket-export[metrics]'" in each.text for each in container.check())
    container.engine().dispose()


@pytest.mark.parametrize("package", ["opentelemetry.exporter.prometheus", "opentelemetry.sdk.metrics"])
def test_endpoint_without_the_packages_names_one_that_brings_all(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with (
        pytest.raises(ConfigurationError, match=r"^--metrics-port .*: pip install opentelemetry-exporter-prometheus$"),
        served_meter_provider(9464, "127.0.0.1"),
    ):
        pass


def test_application_without_metrics_needs_no_package() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None; from ticket_export import TicketExportContainer; "
        "container = TicketExportContainer(); container.worker(); container.engine().dispose(); print('no package')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "no package"
