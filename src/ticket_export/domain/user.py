"""A user of the help desk, with the fields that exports need."""

from __future__ import annotations

import attrs

from ticket_export.domain.user_id import UserId


@attrs.frozen(kw_only=True)
class User:
    """The requester of an export. A host may know only the id."""

    id: UserId
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    is_admin: bool = False
    is_active: bool = True

    @property
    def full_name(self) -> str:
        """First and last name, without a space where one of them is blank or not known."""
        return f"{self.first_name or ''} {self.last_name or ''}".strip()
