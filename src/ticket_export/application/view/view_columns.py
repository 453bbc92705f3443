"""The columns that a view names, looked up while pydantic validates the view.

The ticket source's columns are the validation context.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from pydantic import ValidationInfo

from ticket_export.application.safe_text import listed, most_alike, quoted
from ticket_export.application.view.filter_values import parse_ids
from ticket_export.application.view.payload_model import problem
from ticket_export.application.view.ticket_column import ScopeRole, TicketColumn, TicketColumns


def columns_of(info: ValidationInfo) -> TicketColumns | None:
    """Return the columns that the view is checked against; None if only its shape is checked."""
    return info.context if isinstance(info.context, TicketColumns) else None


def filtered_column(info: ValidationInfo) -> TicketColumn | None:
    """Return the column of the filter that is being validated; None if it is not known."""
    columns = columns_of(info)
    return columns.find(info.data["field"]) if columns is not None and "field" in info.data else None


def find_able(columns: TicketColumns, name: str, ability: str) -> TicketColumn:
    """Return the column of that name, which must have the `ability` ``filterable`` or ``sortable``.

    Raises:
        PydanticCustomError: there is no such column; the text lists the possible ones.
    """
    column = columns.find(name)
    if column is None:
        raise problem(unknown_column(name, columns, ability))
    if not getattr(column, ability):
        raise problem(lambda: f"this column is not {ability}: {quoted(name)}; {_able(columns, ability)}")
    return column


def unknown_column(name: str, columns: TicketColumns, ability: str | None = None) -> Callable[[], str]:
    """Return the message for an unknown name, with the most similar name or the list of names."""

    def write() -> str:
        meant = most_alike(name, _names(columns, ability))
        rest = f"; {_able(columns, ability)}" if meant is None else f" (did you mean {quoted(meant)}?)"
        return f"unknown column {quoted(name)}{rest}"

    return write


def _able(columns: TicketColumns, ability: str | None) -> str:
    return f"{ability or 'columns'} are {listed(_names(columns, ability)) or 'none'}"


def _names(columns: TicketColumns, ability: str | None) -> list[str]:
    return [each.name for each in columns if ability is None or getattr(each, ability)]


def check_scope(wanted: str | int | float | UUID | None, role: ScopeRole, info: ValidationInfo) -> None:
    """Refuse a scope that does not fit the columns.

    Raises:
        PydanticCustomError: no column has this role, or its identifiers are of another type.
    """
    columns = columns_of(info)
    if wanted is None or columns is None:
        return
    column = columns.find_scope(role)
    if column is None:
        raise problem(f"these tickets cannot be restricted to one {role}")
    try:
        parse_ids((str(wanted),), column)
    except ValueError as error:
        raise problem(str(error)) from None
