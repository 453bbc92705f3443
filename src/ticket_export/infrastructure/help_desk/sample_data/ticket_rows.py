"""Generates sample tickets, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

import attrs

from ticket_export.infrastructure.help_desk.catalog import PRIORITIES, STATUSES
from ticket_export.infrastructure.help_desk.sample_data import ticket_texts
from ticket_export.infrastructure.help_desk.sample_data.people_loader import PeopleIds

T = TypeVar("T")
#: Returns another number from 0 to below 1 each time.
Chance = Callable[[], float]

#: All tickets were created within this time before now.
SPAN = timedelta(days=365)

#: The keys of the columns of a `TicketRow`, in its order.
TICKET_COLUMNS = (
    *("id", "title", "description", "status", "priority", "category", "language"),
    *("owning_team_id", "assignee_id", "created_by_staff_id", "contact_id", "tags_json"),
    *("resolved_at", "closed_at", "sla_due_at", "sla_status"),
    *("creation_time", "last_modification_time", "is_deleted", "deletion_time"),
)

TicketRow = tuple[object, ...]

# Some values are more frequent, as in a real help desk.
_STATUS_MIX = (*STATUSES, "open", "open", "in_progress", "pending", "closed", "closed", "closed")
_PRIORITY_MIX = (*PRIORITIES, "normal", "normal", "normal", "high")
# This many tickets have every combination of status and priority, and every team.
_ROTATED = 6 * len(STATUSES) * len(PRIORITIES)
_SPECIAL_EVERY = 19
_SAME_TIME_EVERY = 7
_JITTER_SECONDS = 3 * 86_400.0
_SLAS = tuple(timedelta(hours=hours) for hours in (4, 8, 24, 72, 120))


@attrs.frozen(kw_only=True)
class TicketRows:
    """`count` tickets numbered from `first_id`; all their times are before `now` (aware UTC).

    Tickets with higher numbers are mostly created later, but not always, and some in the same moment. The first tickets
    go through every status, priority and team, so that a small number of tickets has them all too.
    """

    count: int
    first_id: int
    seed: int
    now: datetime
    people: PeopleIds

    def __iter__(self) -> Iterator[TicketRow]:
        # The first number is part of the seed: otherwise added tickets would repeat the existing ones.
        chance = Random(f"{self.seed}:{self.first_id}").random  # noqa: S311 - sample data is not secret
        teams: tuple[UUID | None, ...] = (*self.people.teams, None)
        seconds = SPAN.total_seconds()
        created = self.now - SPAN
        for index in range(self.count):
            if index % _SAME_TIME_EVERY:
                jitter = (chance() - 0.5) * _JITTER_SECONDS
                age = seconds * (1 - index / self.count) + jitter
                created = self.now - timedelta(seconds=min(max(age, 1.0), seconds))
            yield self._row(chance, index, created, teams)

    def _row(self, chance: Chance, index: int, created: datetime, teams: Sequence[UUID | None]) -> TicketRow:
        rotated = index < _ROTATED
        status = STATUSES[index % len(STATUSES)] if rotated else _one_of(_STATUS_MIX, chance)
        priority = PRIORITIES[index // len(STATUSES) % len(PRIORITIES)] if rotated else _one_of(_PRIORITY_MIX, chance)
        elapsed = self.now - created
        changed = None if chance() < 0.2 else created + elapsed * chance()
        resolved = created + elapsed * chance() if status in {"resolved", "closed"} else None
        closed = resolved + (self.now - resolved) * chance() if resolved and status == "closed" else None
        deleted = created + elapsed * chance() if chance() < 0.03 else None
        return (
            self.first_id + index,
            _title(chance, index),
            _one_of(ticket_texts.DESCRIPTIONS, chance),
            status,
            priority,
            _one_of(ticket_texts.CATEGORIES, chance),
            _one_of(ticket_texts.LANGUAGES, chance),
            teams[index % len(teams)] if rotated else _one_of(teams, chance),
            None if status == "new" or chance() < 0.1 else _one_of(self.people.staff, chance),
            _one_of(self.people.staff, chance) if chance() < 0.3 else None,
            None if chance() < 0.05 else _one_of(self.people.contacts, chance),
            _one_of(ticket_texts.TAGS, chance),
            resolved,
            closed,
            created + _one_of(_SLAS, chance) if chance() < 0.8 else None,
            _one_of(ticket_texts.SLA_STATUSES, chance),
            created,
            changed,
            deleted is not None,
            deleted,
        )


def _title(chance: Chance, index: int) -> str:
    if index % _SPECIAL_EVERY == 0:
        return ticket_texts.SPECIAL_TITLES[index // _SPECIAL_EVERY % len(ticket_texts.SPECIAL_TITLES)]
    title = _one_of(ticket_texts.TITLES, chance)
    return title if index % 3 else f"{title} #{index}"


def _one_of(values: Sequence[T], chance: Chance) -> T:
    # Several times as fast as Random.choice, which would be most of the work for a million tickets.
    return values[int(chance() * len(values))]
