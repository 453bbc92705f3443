"""Tests interrupt themselves and what they start, also where SIGINT is ignored: ``nohup make test &`` in a script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_ASK = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)"
_HERE_AND_BELOW = f"import subprocess, sys, tests.conftest; {_ASK}; subprocess.run([sys.executable, '-c', {_ASK!r}])"


def test_sigint_that_is_ignored_outside_interrupts_the_tests_and_the_processes_that_they_start() -> None:
    shell = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    before = subprocess.run(
        [*shell, sys.executable, "-c", _ASK], capture_output=True, text=True, check=True, timeout=60
    )
    assert before.stdout == "False\n"
    asked = [*shell, sys.executable, "-c", _HERE_AND_BELOW]
    assert (
        subprocess.run(asked, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
        == "True\nTrue\n"
    )
