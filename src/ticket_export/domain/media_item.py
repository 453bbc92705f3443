"""A stored file, as the host's media library lists it."""

from __future__ import annotations

import attrs

from ticket_export.domain.auditing import AuditableEntity


@attrs.define(kw_only=True)
class MediaItem(AuditableEntity):
    """The finished file of an export.

    `length` is in bytes, `object_key` is where the storage named by `file_storage_provider`
    keeps the file, and `file_name` is what the user's browser saves it as. `storage_place` is the place of that
    storage; None for a file of an older version.
    """

    length: int = attrs.field(validator=attrs.validators.ge(0))
    file_name: str
    content_type: str
    file_storage_provider: str
    object_key: str
    storage_place: str | None = None
