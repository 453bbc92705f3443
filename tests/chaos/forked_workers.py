"""A program that uses a container, forks two workers, and works itself, as a host with a preloaded application does.

``python -m tests.chaos.forked_workers`` takes its settings from the environment.
"""

from __future__ import annotations

import os
import sys

from ticket_export.container import TicketExportContainer


def main() -> None:
    container = TicketExportContainer()
    worker = container.worker()
    container.recover_stalled_exports()()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            worker.drain(concurrency=2)
            os._exit(0)
        children.append(child)
    worker.drain(concurrency=2)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))


if __name__ == "__main__":
    main()
