"""The four audit stamps of an entity (the seed's ``BaseAuditableEntity``)."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID, uuid4

import attrs

from ticket_export.domain.user_id import UserId
from ticket_export.domain.utc import is_utc


@attrs.define(kw_only=True)
class AuditableEntity:
    """An entity with an id and its audit stamps. Times are aware UTC."""

    id: UUID = attrs.field(factory=uuid4)
    creation_time: datetime = attrs.field(validator=is_utc)
    last_modification_time: datetime | None = attrs.field(default=None, validator=is_utc)
    creator_user_id: UserId | None = None
    last_modifier_user_id: UserId | None = None

    def stamp_modified(self, now: datetime, by: UserId | None = None) -> None:
        """Record a change at `now`, made by user `by` or, when None, by the system."""
        self.last_modification_time = now
        self.last_modifier_user_id = by

    def is_stamped_by(self, user_id: UserId) -> bool:
        """Whether this user created the entity, or was the last to change it."""
        return user_id in {self.creator_user_id, self.last_modifier_user_id}

    def without_stamps_of(self, user_id: UserId) -> Self:
        """Return a copy that does not name this user as creator or last modifier."""
        creator = None if self.creator_user_id == user_id else self.creator_user_id
        modifier = None if self.last_modifier_user_id == user_id else self.last_modifier_user_id
        return attrs.evolve(self, creator_user_id=creator, last_modifier_user_id=modifier)
