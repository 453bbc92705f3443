"""``ticket-export worker``: run queued exports."""

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.worker_run import LAST_PORT, MOST_AT_ONCE, OnStop, WorkerOptions, run_worker


def worker(
    context: typer.Context,
    drain: Annotated[bool, typer.Option("--drain", help="End when the queue is empty.")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=MOST_AT_ONCE, metavar="N", help="The number of exports to run at a time.")
    ] = 1,
    on_stop: Annotated[
        OnStop,
        typer.Option(
            "--on-stop", help="At SIGTERM or Ctrl-C: put running exports back into the queue, or finish them."
        ),
    ] = OnStop.HAND_BACK,
    health_port: Annotated[
        int | None,
        typer.Option(min=0, max=LAST_PORT, metavar="PORT", help="Serve /live and /ready over HTTP; 0: any free port."),
    ] = None,
    health_host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address for --health-port; 0.0.0.0 is every one of IPv4.")
    ] = "127.0.0.1",
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=LAST_PORT, metavar="PORT", help="Serve metrics for Prometheus at this port."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address for --metrics-port.")] = "127.0.0.1",
) -> None:
    """Run queued exports, put lost ones back into the queue, delete expired files.

    Start any number of workers, on any machine that reaches database and
    storage. SIGTERM or Ctrl-C stops a worker: its exports go back into the
    queue for another worker. With --on-stop finish, they end first, and no
    other export begins; a second signal puts them back into the queue. One
    more signal ends the worker at once; another worker then takes over when
    the lease ends (TICKET_EXPORT_LEASE_SECONDS).
    """
    options = WorkerOptions(
        drain=drain,
        concurrency=concurrency,
        on_stop=on_stop,
        health_port=health_port,
        health_host=health_host,
        metrics_port=metrics_port,
        metrics_host=metrics_host,
    )
    run_worker(session_of(context), options)
