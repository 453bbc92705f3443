"""The rights that a role grants (the seed's ``SystemPermissions`` and ``BuiltInSystemPermission``)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntFlag, nonmember
from typing import Final

from ticket_export.errors import UnknownDeveloperNameError

#: The developer name of the permission that exports need (the seed's constant of that name).
IMPORT_EXPORT_TICKETS_PERMISSION: Final = "import_export_tickets"


class SystemPermissions(IntFlag):
    """Flags as the database stores them in ``Roles.SystemPermissions``."""

    NONE = 0
    MANAGE_SYSTEM_SETTINGS = 1
    MANAGE_AUDIT_LOGS = 2
    MANAGE_ADMINISTRATORS = 4
    MANAGE_TEMPLATES = 8
    MANAGE_USERS = 16
    MANAGE_TEAMS = 32
    MANAGE_TICKETS = 64
    ACCESS_REPORTS = 128
    MANAGE_SYSTEM_VIEWS = 256
    IMPORT_EXPORT_TICKETS = 512


class BuiltInSystemPermission(Enum):
    """A permission: its value is the label that people see, and its name is that of the flag."""

    MANAGE_SYSTEM_SETTINGS = "Manage System Settings"
    MANAGE_AUDIT_LOGS = "Manage Audit Logs"
    MANAGE_ADMINISTRATORS = "Manage Administrators"
    MANAGE_TEMPLATES = "Manage Templates"
    MANAGE_USERS = "Manage Users"
    MANAGE_TEAMS = "Manage Teams"
    MANAGE_TICKETS = "Manage Tickets"
    ACCESS_REPORTS = "Access Reports"
    MANAGE_SYSTEM_VIEWS = "Manage System Views"
    IMPORT_EXPORT_TICKETS = "Import / Export Tickets"

    IMPORT_EXPORT_TICKETS_PERMISSION = nonmember(IMPORT_EXPORT_TICKETS_PERMISSION)

    @property
    def label(self) -> str:
        """The permission as people see it."""
        return self.value

    @property
    def developer_name(self) -> str:
        """The permission as configuration names it."""
        return self.name.lower()

    @property
    def permission(self) -> SystemPermissions:
        """The permission's flag."""
        return SystemPermissions[self.name]

    @classmethod
    def permissions(cls) -> tuple[BuiltInSystemPermission, ...]:
        """Return all ten, in the order of their flags."""
        return tuple(cls)

    @classmethod
    def all_permissions(cls) -> SystemPermissions:
        """Return every flag at once."""
        return ~SystemPermissions.NONE

    @classmethod
    def from_developer_name(cls, developer_name: str) -> BuiltInSystemPermission:
        """Return the permission with that developer name, in any letter case.

        Raises:
            UnknownDeveloperNameError: no permission has it.
        """
        known = {each.developer_name: each for each in cls}
        if developer_name.lower() not in known:
            raise UnknownDeveloperNameError("system permission", developer_name, known)
        return known[developer_name.lower()]

    @classmethod
    def from_developer_names(cls, developer_names: Iterable[str]) -> SystemPermissions:
        """Return the flags of those developer names; of no name, `SystemPermissions.NONE`.

        Raises:
            UnknownDeveloperNameError: no permission has one of them.
        """
        flags = SystemPermissions.NONE
        for developer_name in developer_names:
            flags |= cls.from_developer_name(developer_name).permission
        return flags

    @classmethod
    def from_permissions(cls, flags: SystemPermissions) -> tuple[BuiltInSystemPermission, ...]:
        """Return the permissions of those flags, in the order of the flags; unknown bits are ignored."""
        return tuple(each for each in cls if each.permission in flags)

    def __str__(self) -> str:
        return self.developer_name
