"""Every scenario there is."""

from __future__ import annotations

from collections.abc import Sequence

from tests.crashes import cancels, removals, requests, runs, upkeep
from tests.crashes.case import Scenario

SCENARIOS: Sequence[Scenario] = (
    requests.Requesting(),
    requests.RequestingAgain(),
    requests.Retrying(),
    requests.Downloading(),
    runs.Running(),
    runs.RunningWithProgress(),
    runs.RunningWithoutPermission(),
    runs.RunningAndMiscounting(),
    runs.RunningAndLosingTickets(),
    runs.RunningAndLosingTicketsAtLast(),
    runs.RunningAndStopped(),
    cancels.CancellingQueued(),
    cancels.CancellingLost(),
    cancels.CancellingRunning(),
    upkeep.Recovering(),
    upkeep.RecoveringTheLastAttempt(),
    upkeep.RecoveringWithoutTask(),
    upkeep.CleaningUp(),
    upkeep.CleaningUpRunning(),
    upkeep.Sweeping(),
    upkeep.TakingOver(),
    upkeep.Draining(),
    upkeep.DispatchingAgain(),
    removals.Purging(),
    removals.Forgetting(),
)


def name_of(scenario: Scenario) -> str:
    return type(scenario).__name__
