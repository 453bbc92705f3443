"""A program that forks processes in which everything is imported: python -m tests.endings.forking MODULE...

Each ends as a program of Python ends, by the end of its main module. The forks of multiprocessing do not: they skip the
end of the interpreter, which closes streams and collects what is left.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from importlib import import_module

from tests.forked import exit_code

# Seconds that a process lives at most, also if the tests have died; only a failing test needs so many.
_LONGEST = 120


def main() -> None:
    """Make one order after the other; in a process that was forked, return when its work is done."""
    for name in sys.argv[1:]:
        import_module(name)
    gc.freeze()
    _answer(True)
    while order := sys.stdin.readline():
        wanted = json.loads(order)
        if "wait" in wanted:
            _answer(exit_code(wanted["wait"], wanted["seconds"]))
            continue
        child = os.fork()
        if not child:
            _work(**wanted)
            return
        _answer(child)


def _work(target: str, arguments: list[object], environment: dict[str, str], log: str) -> None:
    signal.alarm(_LONGEST)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for path, flags, descriptors in (
        (os.devnull, os.O_RDONLY, [0]),
        (log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, [1, 2]),
    ):
        opened = os.open(path, flags, 0o600)
        for descriptor in descriptors:
            os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    module, _, name = target.partition(":")
    getattr(import_module(module), name)(*arguments)


def _answer(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
