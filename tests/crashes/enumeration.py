"""One scenario over and over, each time with the next call hit."""

from __future__ import annotations

from itertools import count

from tests.crashes.case import Case, Scenario, Stage, Stored, survive
from tests.crashes.claims import (
    claim_audited,
    claim_ended,
    claim_in_order,
    claim_sound,
    claim_told,
)
from tests.crashes.process import Fault, Mode


def enumerate_faults(stage: Stage, mode: Mode, *, but_not: tuple[str, ...] = ()) -> list[str]:
    """The calls that were hit, one after the other, until there was none left to hit.

    Whatever happened, the claims hold at once and in the end. Calls that begin as `but_not` are let be.
    """
    hits: list[str] = []
    calls = stage.play().process.calls
    for number in count():
        if number < len(calls) and calls[number].startswith(but_not):
            continue
        case = stage.play(Fault(number, mode))
        try:
            _claim(stage.scenario, case)
        except BaseException as error:
            error.add_note(f"call {number} was hit: {case.process.hit}, {mode}; it came out: {case.error!r}")
            raise
        if case.process.hit is None:
            break
        hits.append(case.process.hit)
    return hits


def _claim(scenario: Scenario, case: Case) -> None:
    assert case.error is None or case.process.hit is not None, "a scenario that fails by itself"
    claim_sound(case.world, case.stored_at_once, files_may_be_gone=scenario.deletes_files)
    claim_audited(case, case.stored_at_once)
    if scenario.begins_in_order:
        claim_in_order(case.stored_at_once)
    scenario.claim_at_once(case)
    survive(case.world)
    scenario.finish(case)
    stored = Stored.of(case.world)
    claim_sound(case.world, stored)
    if scenario.begins_in_order:
        claim_in_order(stored)
    claim_ended(case, stored)
    claim_audited(case, stored)
    claim_told(case, stored)
    scenario.claim_end(case)
