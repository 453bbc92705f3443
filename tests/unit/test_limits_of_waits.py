"""Every wait in the tests has a limit, so that a failing test fails instead of keeping the whole run.

A timeout of a test interrupts its main thread alone; the end of a block, or of the process, then waits for the others.
The end of the process does not wait for daemon threads.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FILES = sorted(
    path for folder in ("tests", "examples", "src/ticket_export/testing") for path in _ROOT.glob(f"{folder}/**/*.py")
)
_WAITS = {"acquire", "communicate", "join", "result", "wait"}
_PROGRAMS = {"call", "check_call", "check_output", "run"}
# These threads end with their process, and what they wait for may take as long as a test likes.
_FREE = {
    "tests/chaos/workers.py": ["test.join()"],
    "tests/cut_proxy.py": ["back.join()"],
    "tests/silent_proxy.py": ["self._is_forwarding.wait()", "self._is_forwarding.wait()"],
    # A unit of work that joins a transaction.
    "tests/integration/persistence/test_use_cases_in_host_transactions.py": [
        "transaction.join()",
        "transaction.join()",
    ],
    # Waits with a limit itself.
    "tests/unit/application/use_cases/test_run_export_heartbeat.py": ["heartbeat.wait()", "heartbeat.wait()"],
    # The only places that fork, and that wait for forks.
    "tests/endings/forking.py": ["os.fork()"],
    "tests/forked.py": ["os.fork()", "os.waitpid(child, os.WNOHANG)"],
}


def endless_waits(source: str) -> list[str]:
    """Return the calls of a source that may wait for ever, in order."""
    calls = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call)]
    return [ast.unparse(each) for each in sorted(calls, key=lambda each: each.lineno) if _is_endless(each)]


def _is_endless(call: ast.Call) -> bool:
    given = {each.arg for each in call.keywords}
    match call.func:
        case ast.Attribute(value=ast.Name(id="os"), attr="fork" | "waitpid"):
            return True
        case ast.Attribute(value=ast.Name(id="subprocess"), attr=name) if name in _PROGRAMS:
            return "timeout" not in given
        case ast.Attribute(value=ast.Name(id="subprocess"), attr="Popen"):
            return "preexec_fn" in given
        case ast.Name(id="Thread") | ast.Attribute(attr="Thread"):
            return "daemon" not in given
        case ast.Attribute(attr=name) if name in _WAITS:
            return not call.args and not given
    return False


def test_every_wait_of_the_tests_has_a_limit() -> None:
    found = {path.relative_to(_ROOT).as_posix(): endless_waits(path.read_text("utf-8")) for path in _FILES}
    assert {name: waits for name, waits in found.items() if waits} == _FREE


@pytest.mark.parametrize(
    "source",
    [
        "thread.join()",
        "with pool: pool.submit(act).result()",
        "def f():\n    return done.wait()",
        "subprocess.run(['sleep', '1'], check=True)",
        "subprocess.Popen(['sleep', '1'], preexec_fn=limit)",
        "os.waitpid(child, 0)",
        "Thread(target=act).start()",
    ],
)
def test_wait_without_a_limit_is_found(source: str) -> None:
    assert len(endless_waits(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "thread.join(60)",
        "done.wait(timeout=60)",
        "', '.join(names)",
        "subprocess.run(['true'], check=True, timeout=60)",
    ],
)
def test_wait_with_a_limit_is_no_finding(source: str) -> None:
    assert endless_waits(source) == []
