"""``manage.py export_worker``: run queued exports."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ticket_export.entrypoints.cli.worker_run import LAST_PORT, MOST_AT_ONCE, OnStop, WorkerOptions, run_worker
from ticket_export.entrypoints.django.command_session import command_session


class Command(BaseCommand):
    """Run queued exports, as ``ticket-export worker`` does."""

    help = (
        "Run queued exports, put lost ones back into the queue, delete expired files. Start any number of workers, on "
        "any machine that reaches database and storage. SIGTERM or Ctrl-C stops a worker: its exports go back into "
        "the queue for another worker. With --on-stop finish, they end first; a second signal puts them back into "
        "the queue. One more signal ends the worker at once."
    )
    # The worker checks its own setup, and says more about it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options of ``ticket-export worker``."""
        parser.add_argument("--drain", action="store_true", help="End when the queue is empty.")
        parser.add_argument(
            "--concurrency",
            type=_number(1, MOST_AT_ONCE),
            default=1,
            metavar="N",
            help="The number of exports to run at a time.",
        )
        parser.add_argument(
            "--on-stop",
            choices=[each.value for each in OnStop],
            default=OnStop.HAND_BACK.value,
            help="At SIGTERM or Ctrl-C: put running exports back into the queue, or finish them.",
        )
        parser.add_argument(
            "--health-port",
            type=_number(0, LAST_PORT),
            metavar="PORT",
            help="Serve /live and /ready over HTTP; 0: any free port.",
        )
        parser.add_argument(
            "--health-host",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="The address for --health-port; 0.0.0.0 is every one of IPv4.",
        )
        parser.add_argument(
            "--metrics-port",
            type=_number(1, LAST_PORT),
            metavar="PORT",
            help="Serve metrics for Prometheus at this port.",
        )
        parser.add_argument(
            "--metrics-host", default="127.0.0.1", metavar="ADDRESS", help="The address for --metrics-port."
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run exports until a signal stops the process, or until the queue is empty.

        Raises:
            CommandError: the setup cannot work; `returncode` is that of ``ticket-export worker``.
        """
        with command_session(self, options) as session:
            chosen = WorkerOptions(
                drain=options["drain"],
                concurrency=options["concurrency"],
                on_stop=OnStop(options["on_stop"]),
                health_port=options["health_port"],
                health_host=options["health_host"],
                metrics_port=options["metrics_port"],
                metrics_host=options["metrics_host"],
            )
            run_worker(session, chosen)


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return int(text)

    return number
