"""Every call of every port, made to fail and to die, on in-memory adapters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crashes.cancels import CancellingQueued, CancellingRunning
from tests.crashes.case import Scenario, Stage
from tests.crashes.enumeration import enumerate_faults
from tests.crashes.memory_world import InMemoryWorld
from tests.crashes.process import Mode
from tests.crashes.requests import Requesting
from tests.crashes.runs import Running, RunningAndLosingTickets, RunningAndMiscounting, RunningAndStopped
from tests.crashes.scenarios import SCENARIOS, name_of
from tests.crashes.upkeep import CleaningUp
from tests.file_rows import FORMATS


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", [Requesting(), Running(), CancellingQueued(), CleaningUp()], ids=name_of)
def test_nothing_is_recorded_twice_where_the_audit_log_is_elsewhere(scenario: Scenario, mode: Mode) -> None:
    assert enumerate_faults(Stage(scenario, InMemoryWorld(audits_in_transaction=False)), mode)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_whatever_call_fails_or_dies_the_end_is_right(
    scenario: Scenario, mode: Mode, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hits = enumerate_faults(Stage(scenario, InMemoryWorld()), mode)
    record_testsuite_property(f"cases in memory: {name_of(scenario)}, {mode}", len(hits))
    assert hits


# Where an export is written, or what was written is removed.
_WRITING = [Running(), RunningAndMiscounting(), RunningAndLosingTickets(), CancellingRunning(), RunningAndStopped()]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", _WRITING, ids=name_of)
@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "csv"])
def test_whatever_call_fails_or_dies_the_end_is_right_in_every_format(
    scenario: Scenario, mode: Mode, file_format: str
) -> None:
    assert enumerate_faults(Stage(scenario, InMemoryWorld(file_format=file_format)), mode)
