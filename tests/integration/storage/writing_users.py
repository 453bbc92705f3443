"""A program of root: two processes of two users write, read and delete in new storages at the same time.

``python -m tests.integration.storage.writing_users FOLDER ROUNDS`` makes a storage below the folder in each round.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.forked import exit_code, run_in_fork
from tests.integration.storage.machine_users import GROUP, WEB, WORKER, MachineUser
from ticket_export.infrastructure.storage.local.storage import LocalStorage


def write(root: Path, name: str) -> None:
    """Write two files, as an export does, and delete one of them."""
    storage = LocalStorage(root, for_group=True)
    for attempt in (1, 2):
        with storage.open_writer(f"exports/job/{attempt}/{name}.csv", "text/csv") as writer:
            writer.write(b"whole")
    storage.delete(f"exports/job/1/{name}.csv")


class Process:
    """A process of the user. It says when it is ready for the next storage, and waits until it may write."""

    def __init__(self, user: MachineUser, roots: list[Path]) -> None:
        said, say = os.pipe()
        heard, hear = os.pipe()

        def write_to_all() -> None:
            os.close(hear)
            user.become()
            for root in roots:
                os.write(say, b".")
                os.read(heard, 1)
                write(root, str(user.user))

        self.number = run_in_fork(write_to_all)
        os.close(say)
        self.said, self.hear = said, hear


def main(folder: Path, rounds: int) -> int:
    """Return the number of processes that failed."""
    roots = [folder / str(number) for number in range(rounds)]
    for root in roots:
        root.mkdir()
        os.chown(root, 0, GROUP)
        root.chmod(0o770)
    first = Process(WORKER, roots)
    second = Process(WEB, roots)
    # A process that failed says nothing more, and the other one goes on alone.
    while os.read(first.said, 1) and os.read(second.said, 1):
        for each in (first, second):
            os.write(each.hear, b".")
    for each in (first, second):
        os.close(each.hear)
    return sum(exit_code(each.number) != 0 for each in (first, second))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
