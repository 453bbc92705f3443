"""Prints on which storages the contract ran: a store whose program is missing is skipped on a user's machine."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

_PROPERTY = "contract of storages"
_OUTCOMES = ("passed", "failed", "skipped")


def pytest_itemcollected(item: pytest.Item) -> None:
    suite = getattr(item, "cls", None)
    # By its name, since most runs do not import it.
    if suite is not None and any(each.__name__ == "StorageContract" for each in suite.__mro__):
        # A property goes with the report to the process that prints it.
        item.user_properties.append((_PROPERTY, suite.__name__.removeprefix("Test")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = defaultdict[object, Counter[str]](Counter)
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            for name, storage in getattr(report, "user_properties", []):
                if name == _PROPERTY:
                    found[storage][outcome] += 1
    if found:
        terminalreporter.section("contract of storages")
        for storage, counts in found.items():
            outcomes = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES if counts[outcome])
            terminalreporter.write_line(f"{storage}: {outcomes}")
