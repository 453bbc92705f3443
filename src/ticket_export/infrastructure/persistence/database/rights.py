"""The rights of a PostgreSQL role on tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, TableClause, func, select

from ticket_export.application.finding import Finding, error


def lacking_rights(connection: Connection, table: TableClause, rights: Collection[str]) -> Sequence[str]:
    """Return those of `rights`, such as ``SELECT``, that the role of the connection does not have on the table.

    A right on one of its columns is enough. SQLite has no roles.
    """
    if connection.dialect.name != "postgresql":
        return ()
    name = _quoted(connection, table)
    asked: list[Any] = [_has(name, right).label(right) for right in rights]
    found = connection.execute(select(*asked)).one()
    return [right for right, is_granted in zip(rights, found, strict=True) if not is_granted]


def right_finding(connection: Connection, where: str, table: TableClause, lacking: Sequence[str]) -> Finding:
    """Return the finding for rights that are missing."""
    role: str = connection.execute(select(func.current_user())).scalar_one()
    name, grantee = _quoted(connection, table), connection.dialect.identifier_preparer.quote(role)
    return error(
        where,
        f"the role {role} may not do everything with the table {name}",
        f"execute as its owner: GRANT {', '.join(lacking)} ON {name} TO {grantee}",
    )


def _has(name: str, right: str) -> Any:
    # Nobody can be granted to delete a column.
    return func.has_table_privilege(name, right) if right == "DELETE" else func.has_any_column_privilege(name, right)


def _quoted(connection: Connection, table: TableClause) -> str:
    preparer = connection.dialect.identifier_preparer
    schema = getattr(table, "schema", None)
    return ".".join(preparer.quote(part) for part in (schema, table.name) if part)
