from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ticket_export
from ticket_export.domain.system_permissions import (
    IMPORT_EXPORT_TICKETS_PERMISSION,
    BuiltInSystemPermission,
    SystemPermissions,
)
from ticket_export.errors import UnknownDeveloperNameError

# The seed's enum, with NONE beside its ten flags, and the label that each has on the screen.
SEED = {
    "MANAGE_SYSTEM_SETTINGS": (1, "Manage System Settings"),
    "MANAGE_AUDIT_LOGS": (2, "Manage Audit Logs"),
    "MANAGE_ADMINISTRATORS": (4, "Manage Administrators"),
    "MANAGE_TEMPLATES": (8, "Manage Templates"),
    "MANAGE_USERS": (16, "Manage Users"),
    "MANAGE_TEAMS": (32, "Manage Teams"),
    "MANAGE_TICKETS": (64, "Manage Tickets"),
    "ACCESS_REPORTS": (128, "Access Reports"),
    "MANAGE_SYSTEM_VIEWS": (256, "Manage System Views"),
    "IMPORT_EXPORT_TICKETS": (512, "Import / Export Tickets"),
}
permission_sets = st.sets(st.sampled_from(BuiltInSystemPermission.permissions()))


def test_flags_have_the_values_of_the_seed() -> None:
    flags = {name: flag.value for name, flag in SystemPermissions.__members__.items()}
    assert flags == {"NONE": 0} | {name: value for name, (value, _) in SEED.items()}


def test_every_flag_has_a_permission_with_label_and_developer_name() -> None:
    permissions = BuiltInSystemPermission.permissions()
    described = [(each.label, each.developer_name, each.permission.value) for each in permissions]
    assert described == [(label, name.lower(), value) for name, (value, label) in SEED.items()]


@pytest.mark.parametrize("name", SEED)
def test_every_permission_is_a_constant_of_its_name(name: str) -> None:
    constant = getattr(BuiltInSystemPermission, name)
    assert constant is BuiltInSystemPermission.from_developer_name(name)
    assert constant.permission is SystemPermissions[name]


def test_the_new_permission_is_the_one_of_the_seed() -> None:
    permission = BuiltInSystemPermission.IMPORT_EXPORT_TICKETS
    assert permission.label == "Import / Export Tickets"
    assert permission.developer_name == str(permission) == "import_export_tickets"
    assert permission.permission == 512


def test_the_developer_name_that_hosts_compare_with_is_a_constant() -> None:
    assert IMPORT_EXPORT_TICKETS_PERMISSION == "import_export_tickets"
    assert BuiltInSystemPermission.IMPORT_EXPORT_TICKETS_PERMISSION == IMPORT_EXPORT_TICKETS_PERMISSION
    assert BuiltInSystemPermission.from_developer_names([IMPORT_EXPORT_TICKETS_PERMISSION]) == 512
    assert ticket_export.IMPORT_EXPORT_TICKETS_PERMISSION is IMPORT_EXPORT_TICKETS_PERMISSION


def test_all_permissions_is_every_flag_at_once() -> None:
    assert BuiltInSystemPermission.all_permissions() == 1023


@given(permission_sets)
def test_flags_and_developer_names_turn_into_each_other(permissions: set[BuiltInSystemPermission]) -> None:
    flags = BuiltInSystemPermission.from_developer_names(each.developer_name.upper() for each in permissions)
    assert flags == sum(each.permission.value for each in permissions)
    back = BuiltInSystemPermission.from_permissions(flags)
    assert set(back) == permissions
    assert [each.permission for each in back] == sorted(each.permission for each in permissions)


def test_no_name_is_no_permission() -> None:
    assert BuiltInSystemPermission.from_developer_names([]) is SystemPermissions.NONE
    assert BuiltInSystemPermission.from_permissions(SystemPermissions.NONE) == ()


def test_bits_of_a_newer_system_are_passed_over() -> None:
    flags = SystemPermissions(1024 | 64)
    assert BuiltInSystemPermission.from_permissions(flags) == (BuiltInSystemPermission.MANAGE_TICKETS,)


def test_an_unknown_name_is_refused_even_beside_known_ones() -> None:
    with pytest.raises(UnknownDeveloperNameError, match="unknown system permission 'fly'; known are: manage_system"):
        BuiltInSystemPermission.from_developer_names(["manage_users", "fly"])


def test_a_permission_is_a_value_that_nobody_changes() -> None:
    for name in ("label", "developer_name", "permission"):
        with pytest.raises(AttributeError):
            setattr(BuiltInSystemPermission.MANAGE_USERS, name, "x")
    with pytest.raises(AttributeError):
        BuiltInSystemPermission.MANAGE_USERS = "x"  # type: ignore[misc]
