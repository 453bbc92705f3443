from __future__ import annotations

import attrs
import pytest

from tests.unit.domain.moments import NOW
from ticket_export.domain.auditing import AuditableEntity
from ticket_export.domain.media_item import MediaItem


def media_item(length: int) -> MediaItem:
    return MediaItem(
        creation_time=NOW,
        length=length,
        file_name="tickets.csv",
        content_type="text/csv",
        file_storage_provider="file",
        object_key="exports/1/1/tickets.csv",
    )


def test_fields_are_those_of_the_media_library() -> None:
    own = set(attrs.fields_dict(MediaItem)) - set(attrs.fields_dict(AuditableEntity))
    assert own == {"length", "file_name", "content_type", "file_storage_provider", "object_key", "storage_place"}


def test_an_empty_file_has_a_length_too() -> None:
    assert media_item(0).length == 0


def test_a_negative_length_is_refused_at_any_time() -> None:
    with pytest.raises(ValueError, match="length"):
        media_item(-1)
    item = media_item(1)
    with pytest.raises(ValueError, match="length"):
        item.length = -1
    assert item.length == 1
