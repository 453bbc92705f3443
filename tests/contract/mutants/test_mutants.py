"""The contract of storages notices each of the promises that a storage can break."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.contract.mutants.all_mutants import MUTANTS

_SUITE = "tests/contract/mutants/suite_on_mutants.py"
_REPOSITORY = Path(__file__).parents[3]
#: Runs all tests on each mutant, not only those that must fail: `make mutants`, some minutes.
_IS_WHOLE = os.environ.get("TICKET_EXPORT_TEST_MUTANTS") == "whole"
# Each part is one run of pytest; the processes of the tests share them out.
_PARTS = 8
# Seconds for one test of a mutant, and for a part; a part takes 6 s on a quiet machine.
_PATIENCE = 60
_PATIENCE_OF_PART = 3600 if _IS_WHOLE else 240


@pytest.mark.parametrize("part", range(_PARTS))
def test_contract_notices_a_storage_that_breaks_one_promise(part: int, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    mutants = dict([*MUTANTS.items()][part::_PARTS])
    chosen = [f"{_SUITE}::Test{name}" + ("" if _IS_WHOLE else f"::{test}") for name, (_, test) in mutants.items()]
    # A mutant may hang, and one that does is noticed; so is the rest of its part then.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"timeout={_PATIENCE}"]
    output = _output_of([*command, f"--junitxml={report}", *chosen], tmp_path / "output.txt")
    assert report.exists(), output
    noticed = defaultdict[str, list[str]](list)
    for case in ET.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            mutant = case.attrib["classname"].rpartition(".")[2].removeprefix("Test")
            noticed[mutant].append(case.attrib["name"].partition("[")[0])
    table = [_row(name, noticed[name]) for name in mutants]
    sys.stdout.write(
        "\n".join([f"{len(mutants)} storages that break a promise, and the test that notices it:", *table, ""])
    )
    assert [name for name, (_, test) in mutants.items() if test not in noticed[name]] == []


def _output_of(command: Sequence[str], file: Path) -> str:
    """Return the output of a run, at whose end no process needs to have closed it; with all stacks, if it hangs."""
    with file.open("w") as output:
        process = subprocess.Popen(command, cwd=_REPOSITORY, stdout=output, stderr=subprocess.STDOUT)
        try:
            process.wait(_PATIENCE_OF_PART)
        except subprocess.TimeoutExpired:
            # Upon this, pytest's faulthandler writes them.
            process.send_signal(signal.SIGABRT)
            process.wait(30)
            pytest.fail(f"a run hangs:\n{file.read_text()}")
        finally:
            process.kill()
            process.wait(60)
    return file.read_text()


def test_many_promises_are_broken() -> None:
    assert len(MUTANTS) >= 20


def _row(name: str, noticed: list[str]) -> str:
    mutant, test = MUTANTS[name]
    others = len({*noticed} - {test})
    by = (test if test in noticed else f"NOT BY {test}") + (f" (and {others} more)" if others else "")
    return f"{name:16} {(mutant.__doc__ or '').rstrip('.'):72} {by}"
