"""The contract suites without what they need."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
def test_contract_suite_without_its_extra_names_the_extra(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; import ticket_export.testing"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "MissingExtraError: a contract suite needs an optional dependency" in run.stderr
    assert "pip install 'ticket-export[testing]'" in run.stderr
