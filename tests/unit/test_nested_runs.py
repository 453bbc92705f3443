"""A run of pytest that a test starts leaves the temporary folders of other runs alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SUITE = """
def test_where(tmp_path):
    print(f"in {tmp_path}.")
"""


def test_run_that_a_test_starts_has_its_folders_below_those_of_this_run(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    suite = tmp_path / "test_where.py"
    suite.write_text(_SUITE, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_where.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert f"in {tmp_path_factory.getbasetemp().resolve()}/" in ran.stdout, ran.stdout + ran.stderr
