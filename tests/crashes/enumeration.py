"""One scenario over and over, each time with the next call hit."""

from __future__ import annotations

from itertools import count

from tests.crashes.case import Case, Scenario, Stage, survive
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
    claim_sound(case.world, files_may_be_gone=scenario.deletes_files)
    claim_audited(case)
    if scenario.begins_in_order:
        claim_in_order(case.world)
    scenario.claim_at_once(case)
    survive(case.world)
    scenario.finish(case)
    claim_sound(case.world)
    if scenario.begins_in_order:
        claim_in_order(case.world)
    claim_ended(case)
    claim_audited(case)
    claim_told(case)
    scenario.claim_end(case)
