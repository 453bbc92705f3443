"""The acting user."""

from __future__ import annotations

from uuid import UUID

import attrs

from ticket_export.domain.system_permissions import SystemPermissions


@attrs.frozen(kw_only=True)
class Actor:
    """The user for whom a use case runs; the host has authenticated them."""

    user_id: UUID
    is_admin: bool = False
    permissions: SystemPermissions = SystemPermissions.NONE

    @property
    def may_import_export_tickets(self) -> bool:
        """Whether a role of the actor grants "Import / Export Tickets"."""
        return SystemPermissions.IMPORT_EXPORT_TICKETS in self.permissions
