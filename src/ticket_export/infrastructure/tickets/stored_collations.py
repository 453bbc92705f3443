"""The collations in which PostgreSQL compares the texts of a catalog."""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import Boolean, ColumnElement, Connection, column, func, select, table, text, true

from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.sql_functions import LooselyCollated
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

_COLLATIONS = table("pg_collation", column("collisdeterministic", Boolean), schema="pg_catalog")


def compared_collations(connection: Connection, catalog: TicketCatalog) -> tuple[list[str], TicketCatalog]:
    """One sentence for each text that has no collation of its own, and the catalog with loose collations marked.

    A collation is loose, PostgreSQL's word is non-deterministic, if it takes texts for equal that are not the same.
    """
    texts = [each for each in catalog.columns if sql_type(each.expression.type) is SqlType.TEXT]
    if not texts:
        return [], catalog
    # No row is read: the collation of an expression is known without its value.
    cells = select(*(each.expression.label(f"cell_{number}") for number, each in enumerate(texts)))
    empty = cells.select_from(catalog.tables).limit(0).subquery("cells")
    names: list[ColumnElement[Any]] = [func.pg_collation_for(cell) for cell in empty.c]
    one = select(true().label("one")).subquery("one")
    found = connection.execute(select(*names).select_from(one.outerjoin(empty, true()))).one()
    loose = set(
        connection.execute(
            select(text("oid::regcollation::text")).select_from(_COLLATIONS).where(~_COLLATIONS.c.collisdeterministic)
        ).scalars()
    )
    by_name = {each.column.name: name for each, name in zip(texts, found, strict=True)}
    problems = [
        f"ticket catalog: the {each.column.kind} column {each.column.name!r} mixes texts of several collations; "
        "name one with .collate(…)"
        for each in texts
        if by_name[each.column.name] is None
    ]

    def of(name: str, expression: Expression) -> Expression:
        return LooselyCollated(expression) if by_name.get(name) in loose else expression

    columns = [attrs.evolve(each, expression=of(each.column.name, each.expression)) for each in catalog.columns]
    return problems, attrs.evolve(catalog, columns=columns)
