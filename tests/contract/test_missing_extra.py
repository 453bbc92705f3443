"""What `ticket_export.testing` needs: the suites need their extra, the in-memory adapters need nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _run(program: str, *, without: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    hidden = f"import sys; sys.modules.update(dict.fromkeys({without!r})); "
    return subprocess.run(
        [sys.executable, "-c", hidden + program], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("suite", "missing"),
    [("StorageContract", "pytest"), ("StorageContract", "hypothesis"), ("EngineContract", "psutil")],
)
def test_contract_suite_without_its_extra_names_the_extra(suite: str, missing: str) -> None:
    ran = _run(f"from ticket_export.testing import {suite}", without=(missing,))
    assert ran.returncode == 1
    assert "MissingExtraError: a contract suite needs an optional dependency" in ran.stderr
    assert "pip install 'ticket-export[testing]'" in ran.stderr


def test_memory_adapters_need_no_extra() -> None:
    program = "from ticket_export.testing.memory import InMemoryStorage; print(InMemoryStorage().provider)"
    ran = _run(program, without=("pytest", "hypothesis"))
    assert (ran.returncode, ran.stdout) == (0, "memory\n"), ran.stderr


def test_testing_loads_neither_pytest_nor_hypothesis_by_itself() -> None:
    program = "import ticket_export.testing.memory; print({'pytest', 'hypothesis'} & {*sys.modules})"
    ran = _run(program, without=())
    assert (ran.returncode, ran.stdout) == (0, "set()\n"), ran.stderr
