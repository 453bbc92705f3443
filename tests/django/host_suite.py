"""Runs a suite of a host in a process of its own, and counts what came of its tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from tests.django.project import DeskProject

_SETTINGS = "tests.django.suites.settings"
_OK = re.compile(r"^(?P<name>test_\w+) \([\w.]+\.(?P<kind>\w+)\.test_\w+\)(?:\n.*)?? \.\.\. (?:.*\n)?ok$", re.MULTILINE)
_RAN = re.compile(r"^Ran (\d+) tests? in .*\n\n(\w+)", re.MULTILINE)
_PASSED = re.compile(r"^(\d+) passed in ", re.MULTILINE)


def run_suite(project: DeskProject, module: str, *options: str) -> Mapping[str, frozenset[str]]:
    """Run a module by ``manage.py test``, and return the tests that passed, by class.

    A test that fails, is skipped or is not counted fails the caller's.
    """
    words = ("test", f"--settings={_SETTINGS}", "-v", "2", *options, f"tests.django.suites.{module}")
    ended = project.manage(*words, check=False)
    said = f"{ended.stdout}\n{ended.stderr}"
    found = _RAN.search(said)
    assert found is not None, said
    assert ended.returncode == 0, said
    assert found[2] == "OK", said
    assert "skipped" not in said, said
    passed = defaultdict(set)
    for line in _OK.finditer(said):
        passed[line["kind"]].add(line["name"])
    assert sum(map(len, passed.values())) == int(found[1]) > 0, said
    # No connection of the library has kept the runner from it.
    assert "--keepdb" in options or "Destroying test database" in said, said
    return {kind: frozenset(names) for kind, names in passed.items()}


def run_pytest_suite(project: DeskProject, module: str, *options: str) -> int:
    """Run a module by pytest-django, and return how many tests passed; all others fail the caller's."""
    file = f"tests/django/suites/{module}.py"
    plain = ("-c", "/dev/null", "--rootdir", str(project.folder), "-p", "no:cacheprovider", "-W", "error")
    ended = project.python("-m", "pytest", "-q", "--ds", _SETTINGS, *plain, *options, file, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    found = _PASSED.search(ended.stdout)
    assert found is not None, ended.stdout
    return int(found[1])
