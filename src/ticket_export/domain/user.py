"""A user of the help desk, with the fields that exports need."""

from __future__ import annotations

from uuid import UUID

import attrs


@attrs.frozen(kw_only=True)
class User:
    """The requester of an export."""

    id: UUID
    first_name: str
    last_name: str
    email_address: str
    is_admin: bool = False
    is_active: bool = True

    @property
    def full_name(self) -> str:
        """First and last name, without a space where one of them is blank."""
        return f"{self.first_name} {self.last_name}".strip()
