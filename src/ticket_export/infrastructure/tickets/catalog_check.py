"""What is wrong with a catalog, compared with its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, FromClause, inspect, select
from sqlalchemy.sql.expression import ColumnClause, Join, TableClause
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromGrouping
from sqlalchemy.sql.visitors import iterate

from ticket_export.application.finding import Finding, error, warning
from ticket_export.application.safe_text import most_alike
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog

_WHERE: Final = "catalog"


def label_problems(catalog: TicketCatalog) -> Iterator[Finding]:
    """Find labels that several columns share; a reader of the file could not tell these columns apart."""
    names: dict[str, list[str]] = {}
    for each in catalog.columns:
        names.setdefault(each.column.label, []).append(each.column.name)
    for label, sharing in names.items():
        if len(sharing) > 1:
            yield warning(
                _WHERE,
                f"the columns {' and '.join(map(repr, sharing))} have the same label, {label!r}",
                "give each column a label of its own",
            )


def join_problems(catalog: TicketCatalog) -> Iterator[Finding]:
    """Find expressions on tables that the catalog does not join: each ticket would appear with all of their rows."""
    for name, expression in _expressions(catalog):
        yield from not_joined(catalog, name, expression)


def not_joined(catalog: TicketCatalog, name: str, expression: Expression) -> Iterator[Finding]:
    """Find the tables that `expression` reads without a subquery, and that the catalog does not join."""
    joined = {catalog.tables, *_joined(catalog.tables)}
    for other in select(expression).columns_clause_froms:
        if other not in joined:
            table = _named(other)
            yield error(
                _WHERE,
                f"{name} reads the table {table}, which the catalog does not join",
                f"join it: TicketCatalog(tables=….outerjoin({table}, …))",
            )


def missing_parts(connection: Connection, catalog: TicketCatalog) -> Iterator[Finding]:
    """Find the tables and columns of the catalog that the database does not have."""
    inspector = inspect(connection)
    read = {element for each in _read_by(catalog) for element in iterate(each)}
    tables = {each for each in read if isinstance(each, TableClause)}
    for table in sorted(tables, key=_named):
        schema = getattr(table, "schema", None)
        if not inspector.has_table(table.name, schema):
            yield error(
                _WHERE,
                f"the database has no table {_named(table)}",
                _correction(table.name, inspector.get_table_names(schema)),
            )
            continue
        stored = {each["name"] for each in inspector.get_columns(table.name, schema)}
        named = {each.name for each in read if isinstance(each, ColumnClause) and each.table is table}
        for column in sorted(named - stored):
            yield error(
                _WHERE,
                f"the table {_named(table)} has no column {column}",
                _correction(column, stored),
            )


def _expressions(catalog: TicketCatalog) -> Iterator[tuple[str, Expression]]:
    yield "id", catalog.id
    yield "created_at", catalog.created_at
    if catalog.is_deleted is not None and catalog.deleted_at is not None:
        yield "is_deleted", catalog.is_deleted
        yield "deleted_at", catalog.deleted_at
    for each in catalog.columns:
        yield f"the column {each.column.name!r}", each.expression


def _read_by(catalog: TicketCatalog) -> Iterator[FromClause | Expression]:
    yield catalog.tables
    for _, expression in _expressions(catalog):
        yield expression


def _joined(tables: FromClause) -> Iterator[FromClause]:
    if isinstance(tables, Join):
        yield from _joined(tables.left)
        yield from _joined(tables.right)
    elif isinstance(tables, FromGrouping):
        yield from _joined(tables.element)
    else:
        yield tables


def _named(table: FromClause) -> str:
    while isinstance(table, AliasedReturnsRows) and isinstance(table.element, FromClause):
        table = table.element
    schema, name = getattr(table, "schema", None), getattr(table, "name", "of a subquery")
    return f"{schema}.{name}" if schema else str(name)


def _correction(name: str, known: Iterable[str]) -> str:
    alike = most_alike(name, known)
    meant = f"; did you mean {alike}?" if alike else ""
    return f"create it with your application's migrations, or correct its name in the catalog{meant}"
