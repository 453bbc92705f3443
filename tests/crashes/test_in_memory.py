"""Every call of every port, made to fail and to die, on in-memory adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crashes.case import Stage
from tests.crashes.enumeration import enumerate_faults
from tests.crashes.memory_world import InMemoryWorld
from tests.crashes.process import Mode
from tests.crashes.scenarios import SCENARIOS, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crashes.case import Scenario


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_whatever_call_fails_or_dies_the_end_is_right(
    scenario: Scenario, mode: Mode, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hits = enumerate_faults(Stage(scenario, InMemoryWorld()), mode)
    record_testsuite_property(f"cases in memory: {name_of(scenario)}, {mode}", len(hits))
    assert hits
