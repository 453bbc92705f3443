"""The endpoint from which Prometheus reads the metrics of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.infrastructure.metrics.prometheus import served_meter_provider


@contextmanager
def metrics_endpoint(container: TicketExportContainer, port: int | None, host: str) -> Iterator[None]:
    """Serve the metrics of `container` during the block, unless `port` is None.

    Raises:
        BadInputError: the settings switch metrics off.
        ConfigurationError: a package is missing, or the port cannot be opened.
    """
    if port is None:
        yield
        return
    if container.settings().metrics == "none":
        raise BadInputError("--metrics-port", "there are no metrics; set TICKET_EXPORT_METRICS=opentelemetry")
    with (
        served_meter_provider(port, host) as provider,
        container.meter_provider.override(provider),
        # The module of a host may have made them before, with another meter provider.
        container.instruments.reset(),
    ):
        yield
