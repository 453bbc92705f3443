"""The sample people. Their identifiers are derived from the e-mail address or the name."""

from __future__ import annotations

from uuid import UUID, uuid5

import attrs

from ticket_export.domain.system_permissions import BuiltInSystemPermission, SystemPermissions

_NAMESPACE = UUID("6f0f5d0e-5c1b-4c0e-9a55-7d2c1f0a8e43")


def sample_id(name: str) -> UUID:
    """Return the identifier of that name, the same on every machine."""
    return uuid5(_NAMESPACE, name)


@attrs.frozen
class SampleRole:
    """A role and its permissions."""

    label: str
    developer_name: str
    system_permissions: SystemPermissions


@attrs.frozen
class SampleUser:
    """A staff member with at most one role."""

    first_name: str
    last_name: str
    email_address: str
    role: SampleRole | None = None
    is_admin: bool = False
    is_active: bool = True


@attrs.frozen
class SampleContact:
    """A customer of the help desk."""

    first_name: str
    last_name: str | None
    email: str
    organization_account: str | None
    is_deleted: bool


_P = SystemPermissions
_ADMINISTRATOR = SampleRole("Administrator", "administrator", BuiltInSystemPermission.all_permissions())
_EXPORTER = SampleRole("Ticket Exporter", "ticket_exporter", _P.MANAGE_TICKETS | _P.IMPORT_EXPORT_TICKETS)
_AGENT = SampleRole("Agent", "agent", _P.MANAGE_TICKETS)
_AUDITOR = SampleRole("Auditor", "auditor", _P.MANAGE_AUDIT_LOGS | _P.ACCESS_REPORTS)

ROLES = (_ADMINISTRATOR, _EXPORTER, _AGENT, _AUDITOR)

#: One account for each row of the permission table.
ACCOUNTS = (
    SampleUser("Ada", "Admin", "admin@example.test", _ADMINISTRATOR, is_admin=True),
    SampleUser("Stan", "Staff", "staff@example.test", _EXPORTER),
    SampleUser("Vera", "Viewer", "viewer@example.test", _AGENT),
    SampleUser("Audrey", "Auditor", "auditor@example.test", _AUDITOR, is_admin=True),
)

ASSIGNEES = tuple(
    SampleUser(first, last, f"agent{number:02}@example.test", _AGENT, is_active=number % 10 != 0)
    for number, (first, last) in enumerate(
        (
            ("Grace", "Hopper"),
            ("Søren", "Kjær"),
            ("María José", "Núñez"),
            ("Łukasz", "Żółć"),
            ("王", "小明"),
            ("Θεοδώρα", "Παπά"),
            ("محمد", "الفارسي"),
            ("Анна", "Иванова"),
            ("אברהם", "כהן"),
            ("नेहा", "शर्मा"),
            ("Nguyễn", "Thị Ánh"),
            ("Renée", "O'Connor"),
            ("Jürgen", "von der Größe"),
            ("İpek", "Çağlar"),
            ("さくら", "山田"),
            ("민준", "김"),
            ("Zoë", "D'Arcy-Müller"),
            ("Madonna", ""),
            ('Dwayne "The Rock"', "Johnson"),
            ("Ann, Marie", "Smith"),
        ),
        start=1,
    )
)

USERS = ACCOUNTS + ASSIGNEES

TEAMS = (
    "Billing",
    "Hardware",
    "Network & VPN",
    "Accounts, Access and Identity",
    'The "Night Shift"',
    "Kundendienst Zürich",
    "サポート東京",
    "=Escalations",
)

_CONTACT_NAMES = (
    ("Olivia", "Brown"),
    ("Noah", "García"),
    ("Chloé", "Lefèvre"),
    ("Björn", "Åkesson"),
    ("Дмитрий", "Соколов"),
    ("李", "娜"),
    ("فاطمة", "حسن"),
    ("Aoife", "O'Brien"),
    ("+Plus", "Sign"),
    ("Cher", None),
)
_ORGANIZATIONS = ("Initech", "Müller & Söhne GmbH", None, "@Home, Inc.", "株式会社サンプル")
_DELETED_EVERY = 40

CONTACTS = tuple(
    SampleContact(
        *(first, last, f"customer{number:03}@customers.example", _ORGANIZATIONS[number % len(_ORGANIZATIONS)]),
        is_deleted=number % _DELETED_EVERY == 0,
    )
    for number in range(1, 201)
    for first, last in (_CONTACT_NAMES[number % len(_CONTACT_NAMES)],)
)
