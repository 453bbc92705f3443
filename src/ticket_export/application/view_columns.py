"""Looking up, while a view is validated, the columns that it speaks of.

The ticket source's columns are pydantic's validation context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_export.application.payload_model import problem
from ticket_export.application.safe_text import quoted
from ticket_export.application.ticket_column import IdType, ScopeRole, TicketColumn, TicketColumns

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import ValidationInfo


def columns_of(info: ValidationInfo) -> TicketColumns | None:
    """The columns that the view is checked against; None if only its shape is."""
    return info.context if isinstance(info.context, TicketColumns) else None


def filtered_column(info: ValidationInfo) -> TicketColumn | None:
    """The column of the filter that is being validated; None if it has none that is known."""
    columns = columns_of(info)
    return columns.find(info.data["field"]) if columns is not None and "field" in info.data else None


def find_able(columns: TicketColumns, name: str, ability: str) -> TicketColumn:
    """The column of that name, which must be ``filterable`` or ``sortable``, whichever is the `ability`.

    Raises:
        PydanticCustomError: there is none; the text names those that are.
    """
    column = columns.find(name)
    if column is None or not getattr(column, ability):
        reason = "unknown column" if column is None else f"this column is not {ability}:"
        able = ", ".join(each.name for each in columns if getattr(each, ability))
        raise problem(f"{reason} {quoted(name)}; {ability} are {able}")
    return column


def spelled_name(name: str, columns: TicketColumns | None) -> str:
    """The name of a column as the catalog spells it.

    Raises:
        ValueError: there is no such column; the text names those that are.
    """
    if columns is None:
        return name
    column = columns.find(name)
    if column is None:
        raise ValueError(f"unknown column {quoted(name)}; columns are {', '.join(each.name for each in columns)}")
    return column.name


def check_scope(wanted: UUID | None, role: ScopeRole, info: ValidationInfo) -> UUID | None:
    """`wanted`, provided that tickets can be restricted by it.

    Raises:
        PydanticCustomError: they cannot.
    """
    columns = columns_of(info)
    if wanted is not None and columns is not None:
        column = columns.find_scope(role)
        if column is None or column.id_type is not IdType.UUID:
            raise problem(f"these tickets cannot be restricted to one {role} by UUID")
    return wanted
