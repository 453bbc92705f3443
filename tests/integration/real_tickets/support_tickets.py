"""8,469 real support tickets, as the reference schema's rows and as the cells an export must give."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import attrs

from ticket_export import unguard

DATA = Path(__file__).parents[4] / "shared" / "data" / "customer_support_tickets.csv"
#: Physical lines of the file, most of them inside descriptions.
PHYSICAL_LINES = 29_808
TICKETS = 8_469

STATUS = {"Open": "open", "Pending Customer Response": "pending", "Closed": "closed"}
PRIORITY = {"Low": "low", "Medium": "normal", "High": "high", "Critical": "urgent"}
_NAMESPACE = UUID(int=7)

#: A ticket by the catalog's column names, with Python values: what a plain evaluation looks at.
PlainTicket: TypeAlias = dict[str, Any]


@attrs.frozen
class SupportTickets:
    contacts: list[dict[str, object]]
    teams: list[dict[str, object]]
    users: list[dict[str, object]]
    rows: list[dict[str, object]]
    plain: list[PlainTicket]


def load() -> SupportTickets:
    with DATA.open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    teams = _named(record["Ticket Channel"] for record in records)
    users = _named(record["Customer Gender"] for record in records)
    rows, plain, contacts = [], [], []
    for record in records:
        number = int(record["Ticket ID"])
        first, _, last = record["Customer Name"].partition(" ")
        team, user = record["Ticket Channel"], record["Customer Gender"]
        # One in seven belongs to nobody.
        unassigned = number % 7 == 0
        contacts.append({"id": number, "first_name": first, "last_name": last, "email": record["Customer Email"]})
        # Several tickets share a day, so that the id must break ties.
        created = datetime.fromisoformat(record["Date of Purchase"]).replace(tzinfo=UTC)
        tags = [record["Product Purchased"], record["Ticket Type"]]
        shared = {
            "id": number,
            "title": record["Ticket Subject"],
            "description": record["Ticket Description"],
            "status": STATUS[record["Ticket Status"]],
            "priority": PRIORITY[record["Ticket Priority"]],
            "category": record["Ticket Type"],
            "language": record["Resolution"],
        }
        times = {
            "resolved": _moment(record["Time to Resolution"]),
            "modified": _moment(record["First Response Time"]),
        }
        rows.append(
            {
                **shared,
                "contact_id": number,
                "owning_team_id": teams[team],
                "assignee_id": None if unassigned else users[user],
                "tags_json": json.dumps(tags),
                "sla_status": record["Customer Satisfaction Rating"] or None,
                "creation_time": created,
                "last_modification_time": times["modified"],
                "resolved_at": times["resolved"],
                "closed_at": times["resolved"] and times["resolved"] + timedelta(days=1),
                "is_deleted": False,
            }
        )
        plain.append(
            {
                **shared,
                "contactId": number,
                "contactName": record["Customer Name"],
                "contactEmail": record["Customer Email"],
                "assigneeName": None if unassigned else user,
                "assigneeId": None if unassigned else users[user],
                "teamName": team,
                "owningTeamId": teams[team],
                "createdByName": None,
                "tags": ", ".join(tags),
                "slaStatus": record["Customer Satisfaction Rating"] or None,
                "slaDueAt": None,
                "creationTime": created,
                "lastModificationTime": times["modified"],
                "resolvedAt": times["resolved"],
                "closedAt": times["resolved"] and times["resolved"] + timedelta(days=1),
            }
        )
    return SupportTickets(
        contacts=contacts,
        teams=[{"id": id_, "name": name} for name, id_ in teams.items()],
        users=[
            {"id": id_, "first_name": name, "last_name": "", "email_address": f"{name}@example.test"}
            | {"is_admin": False, "is_active": True}
            for name, id_ in users.items()
        ],
        rows=rows,
        plain=plain,
    )


def _named(names: Any) -> dict[str, UUID]:
    return {name: uuid5(_NAMESPACE, name) for name in sorted(set(names))}


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def cell(value: object) -> str:
    """What a reader of the file must find, without the formula guard."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def read_back(rows: Iterable[Iterable[str]]) -> list[list[str]]:
    """The texts behind the cells of a file: some descriptions hold lists, "- item", which the formula guard marks."""
    return [[unguard(each) for each in row] for row in rows]
