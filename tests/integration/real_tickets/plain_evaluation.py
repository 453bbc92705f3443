"""A view over plain Python rows, written from the design's words and from nothing of the library."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.integration.real_tickets.support_tickets import PlainTicket

RANKS = {
    "status": ["new", "open", "in_progress", "pending", "resolved", "closed"],
    "priority": ["low", "normal", "high", "urgent"],
}
DATES = {"slaDueAt", "creationTime", "lastModificationTime", "resolvedAt", "closedAt"}
IDS = {"id", "contactId"}


def evaluate(tickets: list[PlainTicket], view: dict[str, Any], now: datetime) -> list[list[Any]]:
    """The rows of the view, as Python values in the order of its columns."""
    shown = [
        ticket
        for ticket in tickets
        if ticket["creationTime"] <= now
        and all(holds(ticket[each["field"]], each, now) for each in view.get("filters", []))
        and found(ticket, view)
        and in_scope(ticket, view.get("scope") or {})
    ]
    sort, down = view.get("sortField"), view.get("sortDirection") == "desc"
    shown.sort(key=lambda ticket: ticket["id"], reverse=down)
    if sort:
        filled = [ticket for ticket in shown if ticket[sort] is not None]
        filled.sort(key=lambda ticket: rank(sort, ticket[sort]), reverse=down)
        shown = filled + [ticket for ticket in shown if ticket[sort] is None]
    return [[ticket[column] for column in view["columns"]] for ticket in shown]


def rank(field: str, value: Any) -> Any:
    return RANKS[field].index(value) if field in RANKS else value


def found(ticket: PlainTicket, view: dict[str, Any]) -> bool:
    term = (view.get("searchTerm") or "").strip()
    searchable = {
        "id", "title", "description", "status", "priority", "category", "contactName", "contactEmail",
        "assigneeName", "teamName", "createdByName", "tags",
    }  # fmt: skip
    return not term or any(
        term.lower() in str(ticket[column]).lower()
        for column in view["columns"]
        if column in searchable and ticket[column] is not None
    )


def in_scope(ticket: PlainTicket, scope: dict[str, str]) -> bool:
    team, assignee = scope.get("teamId"), scope.get("assignedToUserId")
    return (not team or str(ticket["owningTeamId"]) == team) and (not assignee or str(ticket["assigneeId"]) == assignee)


def holds(value: Any, each: dict[str, str], now: datetime) -> bool:
    field, operator, wanted = each["field"], each["operator"], each.get("value", "")
    if operator in {"is_empty", "is_not_empty"}:
        return (value is None or value == "") == (operator == "is_empty")
    if field in DATES:
        return value is not None and date_holds(value, operator, wanted, now)
    if value is None:
        return operator in {"neq", "is_none_of"} or operator.startswith("not_")
    if field in IDS:
        number = int(wanted) if "," not in wanted else None
        numbers = [int(part) for part in wanted.split(",")]
        found: dict[str, bool] = {
            "eq": value == number,
            "neq": value != number,
            "gt": number is not None and value > number,
            "gte": number is not None and value >= number,
            "lt": number is not None and value < number,
            "lte": number is not None and value <= number,
            "is_any_of": value in numbers,
            "is_none_of": value not in numbers,
        }
        return found[operator]
    text, wanted = str(value).lower(), wanted.lower()
    parts = [part.strip() for part in wanted.split(",")]
    return {
        "eq": text == wanted,
        "neq": text != wanted,
        "contains": wanted in text,
        "not_contains": wanted not in text,
        "starts_with": text.startswith(wanted),
        "not_starts_with": not text.startswith(wanted),
        "ends_with": text.endswith(wanted),
        "not_ends_with": not text.endswith(wanted),
        "is_any_of": text in parts,
        "is_none_of": text not in parts,
    }[operator]


def date_holds(value: datetime, operator: str, wanted: str, now: datetime) -> bool:
    if operator == "is_within_past_days":
        return now - timedelta(days=int(wanted)) <= value <= now
    if operator == "is_within_next_days":
        return now <= value <= now + timedelta(days=int(wanted))
    day = value.date().isoformat()
    return {
        "is": day == wanted,
        "is_before": day < wanted,
        "is_after": day > wanted,
        "is_on_or_before": day <= wanted,
        "is_on_or_after": day >= wanted,
    }[operator]
