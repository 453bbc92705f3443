"""No method of a port is left out, today or tomorrow."""

from __future__ import annotations

from tests.crashes.case import Stage
from tests.crashes.memory_world import InMemoryWorld
from tests.crashes.scenarios import SCENARIOS
from tests.crashes.watched import every_call

_NEVER_CALLED = {
    "BackgroundTaskRepository.backlog": "a metric reads, and changes nothing",
    "BackgroundTaskRepository.find": "jobs come with their task",
    "MediaItemRepository.find": "jobs come with their media item",
    "Compression.content_type": "these files are not compressed",
    "FileFormat.rows": "makes the rows of a block; the call of its reader is hit",
    "SupportsDiscardStale.discard_stale": "in memory nothing is left behind; on files it is called",
    "SupportsListening.listening": "an idle worker waits, and changes nothing",
    "SupportsListening.listening.__exit__": "as above",
    "SupportsCheck.problems": "a check reads, and changes nothing",
    "SupportsPlaces.is_at": "in memory a storage has one place; on files it is called",
    "SupportsPlaces.require_there": "in memory a storage is always there; on files it is called",
    "SupportsSelections.require_selection": "these views name no list of the host; a check of one changes nothing",
    "SupportsNames.names": "a list reads, and changes nothing",
    "SupportsSignedUrl.signed_url": "a link is made at the click, and changes nothing",
    "SupportsWaiting.wait": "an idle worker waits, and changes nothing",
    "UserDirectory.find_by_email": "the command line asks for its user",
}


def test_every_call_of_every_port_is_hit_in_some_scenario() -> None:
    called = {call for scenario in SCENARIOS for call in Stage(scenario, InMemoryWorld()).play().process.calls}
    assert every_call() - called == set(_NEVER_CALLED)
    assert called <= every_call()
