"""A host's columns, given by name or as SQLAlchemy expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, select
from sqlalchemy.sql import visitors

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.host_tables import HostColumn, HostTable


def require_known(host: HostTable, known: Iterable[str]) -> None:
    """Raise `ConfigurationError` if `host` maps a name that the library does not know."""
    if unknown := sorted(set(host.columns) - set(known)):
        raise ConfigurationError(
            f"table {host.name!r}: unknown column {', '.join(unknown)}; known columns: {', '.join(sorted(known))}"
        )


def plain_name(host: HostTable, key: str, seed_name: str) -> str:
    """Return the name of a column that the library writes to.

    Raises:
        ConfigurationError: the host has given an expression.
    """
    given = host.columns.get(key, host.id_name() if key == "id" else seed_name)
    if isinstance(given, str):
        return given
    column = _expression(host, key, given)
    if not isinstance(column, Column) or not _is_of(host, column.table):
        raise ConfigurationError(
            f"table {host.name!r}: {key} must be a plain column of this table, because the library writes to it"
        )
    return str(column.name)


class HostExpressions:
    """The columns of a host's table that the library only reads.

    `table` is the host's own `Table` object that the expressions use; None if all columns are given by name.

    Raises:
        ConfigurationError: a value is not an expression, or reads another table.
    """

    def __init__(self, host: HostTable) -> None:
        self._host = host
        self._given = {
            key: value if isinstance(value, str) else _expression(host, key, value)
            for key, value in host.columns.items()
        }
        self.table = self._own_table()

    def column(self, key: str, seed_name: str) -> ColumnElement[Any]:
        """Return the column or expression in the host's own `Table` object."""
        given = self._given.get(key, self._host.id_name() if key == "id" else seed_name)
        if not isinstance(given, str) and not isinstance(given, Column):
            return given
        name = given if isinstance(given, str) else given.name
        assert self.table is not None  # noqa: S101 - only called if there is one
        for column in self.table.columns:
            if column.name == name:
                return column
        raise ConfigurationError(
            f"table {self._host.name!r}: the Table object of your expressions has no column {name!r}, "
            f"which {key} names; its columns: {', '.join(column.name for column in self.table.columns)}"
        )

    def _own_table(self) -> Table | None:
        found = [] if self._host.table is None else [self._host.table]
        for key, expression in self._given.items():
            if isinstance(expression, str):
                continue
            for read in select(expression).get_final_froms():
                if not (isinstance(read, Table) and _is_of(self._host, read)):
                    raise ConfigurationError(
                        f"table {self._host.name!r}: {key} reads {getattr(read, 'name', None) or read}, another table; "
                        "to read one value of it, use a scalar subquery: select(...).where(...).scalar_subquery()"
                    )
            # A subquery reads the table too, without naming it among what is selected from.
            for part in visitors.iterate(expression):
                table = part.table if isinstance(part, Column) else None
                if isinstance(table, Table) and _is_of(self._host, table) and table not in found:
                    found.append(table)
        if len(found) > 1:
            raise ConfigurationError(
                f"table {self._host.name!r}: the expressions use two Table objects of this name; use one of them"
            )
        return found[0] if found else None


def columns_in(expression: ColumnElement[Any], table: Table) -> list[Column[Any]]:
    """Return the columns of `table` that the expression reads."""
    found = [part for part in visitors.iterate(expression) if isinstance(part, Column) and part.table is table]
    return [column for column in table.columns if any(column.name == each.name for each in found)]


def _expression(host: HostTable, key: str, given: HostColumn) -> ColumnElement[Any]:
    # A mapped attribute, a hybrid property and the like know their expression.
    element: object = given.__clause_element__() if hasattr(given, "__clause_element__") else given
    if isinstance(element, ColumnElement):
        return element
    advice = (
        "call .scalar_subquery() on it"
        if isinstance(element, Select)
        else "use the name of a column, or a SQLAlchemy expression such as users.c.role == 'boss' or literal(True)"
    )
    raise ConfigurationError(f"table {host.name!r}: {key} is of type {type(given).__name__}; {advice}")


def _is_of(host: HostTable, table: object) -> bool:
    return isinstance(table, Table) and table.name == host.name and host.schema in {None, table.schema}
