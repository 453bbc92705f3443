"""Tickets of the reference schema, as rows of its tables and as in-memory tickets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import attrs
from sqlalchemy import Engine

from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@attrs.frozen
class Person:
    id: UUID
    first_name: str
    last_name: str


@attrs.frozen
class Contact:
    id: int
    first_name: str
    last_name: str | None
    email: str | None
    is_deleted: bool = False


USERS = (
    Person(UUID(int=1), "Ada", "Lovelace"),
    Person(UUID(int=2**127 + 5), "=cmd", "Ünal"),
    Person(UUID(int=3), "", ""),
)
TEAMS = ((UUID(int=11), "Billing"), (UUID(int=2**100), '@Second line, "nights"'))
CONTACTS = (
    Contact(1, "Zoë", "O'Hara", "zoe@example.test"),
    Contact(2, "Bo", None, None),
    Contact(3, "+49", "", "=evil@example.test"),
    Contact(4, "Gone", "Away", "gone@example.test", is_deleted=True),
)


@attrs.frozen(kw_only=True)
class ReferenceTicket:
    """One row of ``Tickets``; people and teams are given by their place in the tuples above."""

    id: int
    title: str = "Printer"
    description: str | None = None
    status: str = "open"
    priority: str = "normal"
    category: str | None = None
    language: str | None = None
    contact: int | None = None
    assignee: int | None = None
    team: int | None = None
    creator: int | None = None
    tags: tuple[str, ...] | None = None
    sla_status: str | None = None
    sla_due_at: datetime | None = None
    creation_time: datetime = NOW
    last_modification_time: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    deleted: bool = False
    deletion_time: datetime | None = None

    def without_nul(self) -> ReferenceTicket:
        """The same, for a database whose texts hold no NUL."""
        return attrs.evolve(
            self,
            title=self.title.replace("\0", ""),
            description=_without_nul(self.description),
            category=_without_nul(self.category),
            tags=None if self.tags is None else tuple(tag.replace("\0", "") for tag in self.tags),
            sla_status=_without_nul(self.sla_status),
        )

    def row(self) -> dict[str, object]:
        """As the table takes it."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "priority": self.priority,
            "category": self.category,
            "language": self.language,
            "contact_id": None if self.contact is None else CONTACTS[self.contact].id,
            "assignee_id": None if self.assignee is None else USERS[self.assignee].id,
            "owning_team_id": None if self.team is None else TEAMS[self.team][0],
            "created_by_staff_id": None if self.creator is None else USERS[self.creator].id,
            "tags_json": None if self.tags is None else json.dumps(self.tags),
            "sla_status": self.sla_status,
            "sla_due_at": self.sla_due_at,
            "creation_time": self.creation_time,
            "last_modification_time": self.last_modification_time,
            "resolved_at": self.resolved_at,
            "closed_at": self.closed_at,
            "is_deleted": self.deleted,
            "deletion_time": self.deletion_time,
        }

    def in_memory(self) -> InMemoryTicket:
        """What the reference catalog shows of it."""
        contact = None if self.contact is None else CONTACTS[self.contact]
        named = None if contact is None or contact.is_deleted else contact
        deleted_at = (self.deletion_time or datetime.min.replace(tzinfo=UTC)) if self.deleted else None
        return InMemoryTicket(
            id=self.id,
            created_at=self.creation_time,
            deleted_at=deleted_at,
            values={
                "id": self.id,
                "title": self.title,
                "description": self.description,
                "status": self.status,
                "priority": self.priority,
                "category": self.category,
                "language": self.language,
                "contactId": contact.id if contact else None,
                "contactName": full_name(named),
                "contactEmail": named.email if named else None,
                "assigneeName": full_name(None if self.assignee is None else USERS[self.assignee]),
                "assigneeId": None if self.assignee is None else USERS[self.assignee].id,
                "teamName": None if self.team is None else TEAMS[self.team][1],
                "owningTeamId": None if self.team is None else TEAMS[self.team][0],
                "createdByName": full_name(None if self.creator is None else USERS[self.creator]),
                "tags": self.tags,
                "slaStatus": self.sla_status,
                "slaDueAt": self.sla_due_at,
                "creationTime": self.creation_time,
                "lastModificationTime": self.last_modification_time,
                "resolvedAt": self.resolved_at,
                "closedAt": self.closed_at,
            },
        )


def _without_nul(text: str | None) -> str | None:
    return text.replace("\0", "") if text else text


def full_name(person: Person | Contact | None) -> str | None:
    """First and last name, or None where there is nobody to name."""
    return f"{person.first_name} {person.last_name or ''}".strip(" ") or None if person else None


def store_people(engine: Engine, tables: HelpDeskTables) -> None:
    """Fill users, teams and contacts."""
    with engine.begin() as connection:
        connection.execute(
            tables.users.insert(),
            [
                {
                    "id": user.id,
                    "first_name": user.first_name,
                    "last_name": user.last_name,
                    "email_address": f"user{place}@example.test",
                    "is_admin": False,
                    "is_active": True,
                }
                for place, user in enumerate(USERS)
            ],
        )
        connection.execute(tables.teams.insert(), [{"id": id_, "name": name} for id_, name in TEAMS])
        connection.execute(tables.contacts.insert(), [attrs.asdict(contact) for contact in CONTACTS])


def store_tickets(engine: Engine, tables: HelpDeskTables, tickets: Iterable[ReferenceTicket]) -> None:
    """Make these all the tickets there are."""
    rows = [ticket.row() for ticket in tickets]
    with engine.begin() as connection:
        connection.execute(tables.tickets.delete())
        if rows:
            connection.execute(tables.tickets.insert(), rows)
