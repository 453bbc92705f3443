"""The rights that a role grants (the seed's ``SystemPermissions`` and ``BuiltInSystemPermission``)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag
from typing import ClassVar, Final

import attrs

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


@attrs.frozen
class BuiltInSystemPermission:
    """A permission as people see it (`label`) and as configuration names it (`developer_name`)."""

    label: str
    developer_name: str
    permission: SystemPermissions

    MANAGE_SYSTEM_SETTINGS: ClassVar[BuiltInSystemPermission]
    MANAGE_AUDIT_LOGS: ClassVar[BuiltInSystemPermission]
    MANAGE_ADMINISTRATORS: ClassVar[BuiltInSystemPermission]
    MANAGE_TEMPLATES: ClassVar[BuiltInSystemPermission]
    MANAGE_USERS: ClassVar[BuiltInSystemPermission]
    MANAGE_TEAMS: ClassVar[BuiltInSystemPermission]
    MANAGE_TICKETS: ClassVar[BuiltInSystemPermission]
    ACCESS_REPORTS: ClassVar[BuiltInSystemPermission]
    MANAGE_SYSTEM_VIEWS: ClassVar[BuiltInSystemPermission]
    IMPORT_EXPORT_TICKETS: ClassVar[BuiltInSystemPermission]
    IMPORT_EXPORT_TICKETS_PERMISSION: ClassVar[str] = IMPORT_EXPORT_TICKETS_PERMISSION

    @classmethod
    def permissions(cls) -> tuple[BuiltInSystemPermission, ...]:
        """All ten, ordered by their flag."""
        return _BUILT_IN

    @classmethod
    def all_permissions(cls) -> SystemPermissions:
        """Every flag at once."""
        return cls.from_developer_names(each.developer_name for each in _BUILT_IN)

    @classmethod
    def from_developer_name(cls, developer_name: str) -> BuiltInSystemPermission:
        """The permission with that developer name, in any letter case.

        Raises:
            UnknownDeveloperNameError: no permission has it.
        """
        for each in _BUILT_IN:
            if each.developer_name == developer_name.lower():
                return each
        known = [each.developer_name for each in _BUILT_IN]
        raise UnknownDeveloperNameError("system permission", developer_name, known)

    @classmethod
    def from_developer_names(cls, developer_names: Iterable[str]) -> SystemPermissions:
        """Developer names to flags; none gives `SystemPermissions.NONE`.

        Raises:
            UnknownDeveloperNameError: one of them belongs to no permission.
        """
        flags = SystemPermissions.NONE
        for developer_name in developer_names:
            flags |= cls.from_developer_name(developer_name).permission
        return flags

    @classmethod
    def from_permissions(cls, flags: SystemPermissions) -> tuple[BuiltInSystemPermission, ...]:
        """Flags to permissions, ordered by flag; bits that no permission has are passed over."""
        return tuple(each for each in _BUILT_IN if each.permission in flags)

    def __str__(self) -> str:
        return self.developer_name


_LABELS = {
    SystemPermissions.MANAGE_SYSTEM_SETTINGS: "Manage System Settings",
    SystemPermissions.MANAGE_AUDIT_LOGS: "Manage Audit Logs",
    SystemPermissions.MANAGE_ADMINISTRATORS: "Manage Administrators",
    SystemPermissions.MANAGE_TEMPLATES: "Manage Templates",
    SystemPermissions.MANAGE_USERS: "Manage Users",
    SystemPermissions.MANAGE_TEAMS: "Manage Teams",
    SystemPermissions.MANAGE_TICKETS: "Manage Tickets",
    SystemPermissions.ACCESS_REPORTS: "Access Reports",
    SystemPermissions.MANAGE_SYSTEM_VIEWS: "Manage System Views",
    SystemPermissions.IMPORT_EXPORT_TICKETS: "Import / Export Tickets",
}


def _built_in(flag: SystemPermissions) -> BuiltInSystemPermission:
    # The constant, the developer name and the flag share one name: IMPORT_EXPORT_TICKETS.
    name = flag.name or ""
    permission = BuiltInSystemPermission(_LABELS[flag], name.lower(), flag)
    setattr(BuiltInSystemPermission, name, permission)
    return permission


_BUILT_IN = tuple(_built_in(flag) for flag in SystemPermissions if flag)
