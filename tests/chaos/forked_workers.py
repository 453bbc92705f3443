"""A program that uses a container, forks two workers, and works itself, as a host with a preloaded application does.

``python -m tests.chaos.forked_workers`` takes its settings from the environment.
"""

from __future__ import annotations

import sys

from tests.chaos.many_exports import SECONDS
from tests.forked import exit_code, run_in_fork
from ticket_export.container import TicketExportContainer


def main() -> None:
    container = TicketExportContainer()
    worker = container.worker()
    container.recover_stalled_exports()()

    def drain() -> None:
        worker.drain(concurrency=2)

    children = [run_in_fork(drain) for _ in range(2)]
    worker.drain(concurrency=2)
    sys.exit(sum(exit_code(child, SECONDS) != 0 for child in children))


if __name__ == "__main__":
    main()
