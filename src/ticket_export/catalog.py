"""The tickets and columns that a host offers for export.

A host describes its tickets once, in a `TicketCatalog`; these functions make its columns.
"""

from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.infrastructure.tickets.catalog import (
    CatalogColumn,
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags

__all__ = [
    "EVERY_ROW",
    "CatalogColumn",
    "ColumnKind",
    "IdType",
    "JoinedTags",
    "ScopeRole",
    "TicketCatalog",
    "boolean_column",
    "choice_column",
    "date_column",
    "day_column",
    "id_column",
    "number_column",
    "text_column",
]
