"""The values of a relation to many, as one cell: joined with ``", "`` and sorted, the same from both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Text, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import FromClause

from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.cell_forms import exact_text_of
from ticket_export.infrastructure.tickets.sql_functions import ExactText
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

_SEPARATOR = ", "


def joined_values(
    values: FromClause, key: Any, text: Callable[[Expression], ColumnElement[str]], *, vendor: str
) -> ColumnElement[str]:
    """Return the texts of those `values` whose ticket has the `key`, sorted by value; NULL if there are none.

    `values` has the columns ``ticket`` and ``value``. Numbers and days sort in their own order, anything else as text.
    """
    shown = text(values.c.value)
    in_own_order = sql_type(values.c.value.type) in (SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT, SqlType.DAY)
    order: Any = values.c.value if in_own_order else ExactText(shown)
    tickets = key.table
    of_ticket = values.c.ticket == key
    if vendor == "postgresql":
        joined = func.string_agg(exact_text_of(shown), aggregate_order_by(literal(_SEPARATOR), order), type_=Text())
        return select(joined).where(of_ticket).correlate(tickets).scalar_subquery()
    # SQLite keeps the order of a subquery for group_concat(), and knows an order inside of it only from 3.44 on.
    ordered = select(shown.label("shown")).where(of_ticket, shown.is_not(None)).order_by(order).correlate(tickets)
    texts = ordered.subquery()
    return select(func.group_concat(texts.c.shown, _SEPARATOR, type_=Text())).correlate(tickets).scalar_subquery()
