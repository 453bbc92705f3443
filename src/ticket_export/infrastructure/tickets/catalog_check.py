"""What is wrong with a catalog, compared with its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, FromClause, inspect
from sqlalchemy.sql.expression import ColumnClause, TableClause
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlalchemy.sql.visitors import iterate

from ticket_export.application.finding import Finding, error, warning
from ticket_export.application.safe_text import most_alike
from ticket_export.infrastructure.persistence.database.rights import lacking_rights, right_finding
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog

_WHERE: Final = "catalog"


def declared_problems(catalog: TicketCatalog) -> Iterator[Finding]:
    """Find what the catalog itself does not say, or says twice."""
    if catalog.visible_to is None:
        yield warning(
            _WHERE,
            "there is no row rule, so every user who may export can export every row",
            "add TicketCatalog(visible_to=lambda actor: …) with your rule, or visible_to=EVERY_ROW if this is meant",
        )
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


def missing_parts(connection: Connection, catalog: TicketCatalog) -> Iterator[Finding]:
    """Find the tables and columns of the catalog that the database does not have, or does not let the role read."""
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
        if lacking := lacking_rights(connection, table, ("SELECT",)):
            yield right_finding(connection, _WHERE, table, lacking)
        named = {each.name for each in read if isinstance(each, ColumnClause) and each.table is table}
        for column in sorted(named - stored):
            yield error(
                _WHERE,
                f"the table {_named(table)} has no column {column}",
                _correction(column, stored),
            )


def _read_by(catalog: TicketCatalog) -> Iterator[FromClause | Expression]:
    yield catalog.tables
    yield from (each.expression for each in catalog.columns)
    own = (catalog.id, catalog.created_at, catalog.is_deleted, catalog.deleted_at)
    yield from (expression for expression in own if expression is not None)


def _named(table: FromClause) -> str:
    while isinstance(table, AliasedReturnsRows) and isinstance(table.element, FromClause):
        table = table.element
    schema, name = getattr(table, "schema", None), getattr(table, "name", "of a subquery")
    return f"{schema}.{name}" if schema else str(name)


def _correction(name: str, known: Iterable[str]) -> str:
    alike = most_alike(name, known)
    meant = f"; did you mean {alike}?" if alike else ""
    return f"create it with your application's migrations, or correct its name in the catalog{meant}"
