"""Exports of many views, requested all at once, and what must have become of them."""

from __future__ import annotations

import os
from random import Random
from uuid import UUID

import attrs

from tests.chaos.arena import Arena
from tests.chaos.busy_tickets import BusyTickets
from ticket_export.testing.engines.end_state import EndState
from ticket_export.testing.engines.views import distinct_views

EXPORTS = int(os.environ.get("CHAOS_EXPORTS", "16"))
TICKETS = 6_000
#: More than ten times what they take; a machine may be busy.
SECONDS = 60 + 4 * EXPORTS
# On a machine that is too busy for an export to come to its end between two faults, nothing would ever complete:
# so there are no more of them than these, and so many for each export that has completed.
_FIRST_FAULTS, _FAULTS_EACH = 10, 3


def chaos_random() -> tuple[Random, str]:
    """The chance that decides on views, victims and pauses, and the seed that repeats it."""
    seed = os.environ.get("CHAOS_SEED") or str(Random().randrange(1_000_000))
    return Random(seed), seed


@attrs.frozen
class ManyExports:
    """`changing` are those of tickets that change all the time; the tickets of the others stay as they are."""

    arena: Arena
    busy_tickets: BusyTickets
    changing: frozenset[UUID]

    @classmethod
    def request(cls, arena: Arena, busy_tickets: BusyTickets, random: Random) -> ManyExports:
        """Queue them, in any order; of the changing tickets, a third."""
        changing = busy_tickets.views(EXPORTS // 3, random)
        views = changing + distinct_views(EXPORTS - len(changing), TICKETS, random)
        requested = {number: arena.request(views[number]) for number in random.sample(range(EXPORTS), EXPORTS)}
        return cls(arena, busy_tickets, frozenset(requested[number] for number in range(len(changing))))

    def may_go_on(self, faults: int) -> bool:
        """Whether there may be another one after so many faults."""
        return faults < _FIRST_FAULTS + _FAULTS_EACH * (EXPORTS - self.arena.unfinished())

    def require_whole(self, end: EndState) -> None:
        """Every export has been made, exactly once, and is right."""
        assert len(end.jobs) == EXPORTS
        end.require_whole()
        for job in end.jobs:
            if job.id in self.changing:
                self.busy_tickets.require_one_moment(job)
