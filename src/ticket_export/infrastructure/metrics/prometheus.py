"""The metrics of one process over HTTP, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

# Seconds that the end of the block waits for the thread of the server.
_PATIENCE = 1.0


@contextmanager
def served_meter_provider(port: int, host: str) -> Iterator[MeterProvider]:
    """Serve the metrics of the meter provider that the block gets, at ``http://host:port/metrics``.

    The metrics of the process itself, such as its memory, are there too.

    Raises:
        ConfigurationError: a package is missing, or the port cannot be opened.
    """
    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from prometheus_client import start_http_server
    except ImportError as error:
        raise ConfigurationError(
            "--metrics-port needs an optional dependency: pip install opentelemetry-exporter-prometheus"
        ) from error
    with ExitStack() as at_the_end:
        provider = MeterProvider([PrometheusMetricReader()], shutdown_on_exit=False)
        at_the_end.callback(provider.shutdown)
        try:
            server, thread = start_http_server(port, host)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigurationError(f"--metrics-port: cannot listen on {host}:{port}: {reason}") from error
        at_the_end.callback(thread.join, _PATIENCE)
        at_the_end.callback(server.server_close)
        at_the_end.callback(server.shutdown)
        yield provider
