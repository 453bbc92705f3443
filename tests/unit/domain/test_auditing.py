from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tests.unit.domain.moments import ELSEWHERE, LATER, NAIVE, NOW
from ticket_export.domain.auditing import AuditableEntity


def test_new_entities_have_identities_of_their_own_and_only_a_creation_time() -> None:
    first, second = AuditableEntity(creation_time=NOW), AuditableEntity(creation_time=NOW)
    assert isinstance(first.id, UUID)
    assert first.id != second.id
    assert first == AuditableEntity(
        id=first.id,
        creation_time=NOW,
        last_modification_time=None,
        creator_user_id=None,
        last_modifier_user_id=None,
    )


def test_a_change_is_stamped_with_moment_and_user() -> None:
    user = uuid4()
    entity = AuditableEntity(creation_time=NOW)
    entity.stamp_modified(LATER, by=user)
    assert (entity.creation_time, entity.last_modification_time, entity.last_modifier_user_id) == (NOW, LATER, user)


def test_a_change_by_the_system_names_nobody() -> None:
    entity = AuditableEntity(creation_time=NOW, last_modifier_user_id=uuid4())
    entity.stamp_modified(LATER)
    assert entity.last_modifier_user_id is None


@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE])
def test_stamps_are_aware_utc(moment: datetime) -> None:
    with pytest.raises(ValueError, match="creation_time must be an aware datetime in UTC"):
        AuditableEntity(creation_time=moment)
    with pytest.raises(ValueError, match="last_modification_time must be"):
        AuditableEntity(creation_time=NOW, last_modification_time=moment)
    entity = AuditableEntity(creation_time=NOW)
    with pytest.raises(ValueError, match="last_modification_time must be"):
        entity.stamp_modified(moment, by=uuid4())
    assert entity == AuditableEntity(id=entity.id, creation_time=NOW)
