"""The columns that a view names, looked up while pydantic validates the view."""

from __future__ import annotations

from pydantic import ValidationInfo

from ticket_export.application.safe_text import listed, most_alike, quoted
from ticket_export.application.view.payload_model import problem
from ticket_export.application.view.ticket_column import TicketColumn, TicketColumns
from ticket_export.application.view.view_context import columns_of


def filtered_column(info: ValidationInfo) -> TicketColumn | None:
    """Return the column of the filter that is being validated; None if it is not known."""
    columns = columns_of(info)
    return columns.find(info.data["field"]) if columns is not None and "field" in info.data else None


def find_column(columns: TicketColumns, name: str, ability: str | None = None) -> TicketColumn:
    """Return the column of that name, which must have the `ability` ``filterable`` or ``sortable``, if one is given.

    Raises:
        PydanticCustomError: there is no such column; the text has the most similar name or a list of names.
    """
    column = columns.find(name)
    if column is None or (ability is not None and not getattr(column, ability)):
        raise problem(lambda: _refusal(name, columns, ability, is_known=column is not None))
    return column


def _refusal(name: str, columns: TicketColumns, ability: str | None, *, is_known: bool) -> str:
    possible = [each.name for each in columns if ability is None or getattr(each, ability)]
    listing = f"{ability or 'columns'} are {listed(possible) or 'none'}"
    if is_known:
        return f"this column is not {ability}: {quoted(name)}; {listing}"
    meant = most_alike(name, possible)
    return f"unknown column {quoted(name)}" + (f"; {listing}" if meant is None else f" (did you mean {quoted(meant)}?)")
