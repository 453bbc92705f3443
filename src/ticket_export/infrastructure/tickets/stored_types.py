"""What a database stores under the expressions of a catalog.

A declaration can be wrong: most ORMs store moments as ``timestamptz`` where the catalog says ``DateTime()``. So the
types that PostgreSQL itself gives to the expressions decide what is read, bound and shown. SQLite stores no types.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import BigInteger, DateTime, bindparam, select, text, type_coerce

from ticket_export.application.ticket_column import ColumnKind
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.catalog import Expression, TicketCatalog
from ticket_export.infrastructure.tickets.stored_type_rules import RULES, Rule, StoredType, refuse_no_moment

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPICursor

_TYPES = text(
    "SELECT oid, pg_catalog.format_type(oid, NULL) AS name, typtype = 'e' AS is_enum "
    "FROM pg_catalog.pg_type WHERE oid IN :oids"
).bindparams(bindparam("oids", expanding=True, type_=BigInteger()))


@attrs.frozen
class _Part:
    """One expression of a catalog, what a message calls it, and the rule for its stored type."""

    name: str
    expression: Expression
    rule: Rule | None


# A catalog that was found right is compared once per engine; any other each time, since it may be mended by then.
_as_stored: WeakKeyDictionary[Engine, WeakKeyDictionary[TicketCatalog, TicketCatalog]] = WeakKeyDictionary()
_lock = Lock()


def catalog_problems(connection: Connection, catalog: TicketCatalog) -> list[str]:
    """Compare the catalog with the database: one sentence for each expression that the library could not read.

    Each names the column, the stored type, and what would be right. Empty for SQLite, which stores no types.

    Raises:
        SQLAlchemyError: the database failed, or lacks one of the tables or columns.
    """
    return _problems(catalog, _described(connection, catalog))


def catalog_as_stored(connection: Connection, catalog: TicketCatalog) -> TicketCatalog:
    """The catalog with the types that the database stores in place of the declared ones; asked once per engine.

    Raises:
        ConfigurationError: `catalog_problems` has found some; the message lists them.
        SQLAlchemyError: the database failed, or lacks one of the tables or columns.
    """
    with _lock:
        known = _as_stored.setdefault(connection.engine, WeakKeyDictionary())
        found = known.get(catalog)
    if found is None:
        stored = _described(connection, catalog)
        if problems := _problems(catalog, stored):
            raise ConfigurationError("\n".join(problems))
        found = _retyped(catalog, stored)
        with _lock:
            known[catalog] = found
    return found


def _parts(catalog: TicketCatalog) -> list[_Part]:
    own: list[tuple[str, Expression | None, Rule | None]] = [
        ("id", catalog.id, None),
        ("created_at", catalog.created_at, refuse_no_moment),
        ("is_deleted", catalog.is_deleted, RULES.get(ColumnKind.BOOLEAN)),
        ("deleted_at", catalog.deleted_at, refuse_no_moment),
    ]
    return [_Part(name, expression, rule) for name, expression, rule in own if expression is not None] + [
        _Part(f"the {each.column.kind} column {each.column.name!r}", each.expression, RULES.get(each.column.kind))
        for each in catalog.columns
    ]


def _described(connection: Connection, catalog: TicketCatalog) -> dict[Expression, StoredType]:
    if connection.dialect.name != "postgresql":
        return {}
    expressions = list(dict.fromkeys(part.expression for part in _parts(catalog)))
    labelled = (expression.label(f"cell_{number}") for number, expression in enumerate(expressions))
    with connection.execute(select(*labelled).select_from(catalog.tables).limit(0)) as result:
        cursor: DBAPICursor = result.cursor  # None only for a statement that gives no rows
        oids: list[Any] = [column[1] for column in cursor.description or ()]
    rows = connection.execute(_TYPES, {"oids": sorted(set(oids))})
    named = {row.oid: StoredType(name=row.name, is_enum=row.is_enum) for row in rows}
    return {expression: named[oid] for expression, oid in zip(expressions, oids, strict=True)}


def _problems(catalog: TicketCatalog, stored: dict[Expression, StoredType]) -> list[str]:
    found = []
    for part in _parts(catalog):
        type_ = stored.get(part.expression)
        if type_ and part.rule and (advice := part.rule(type_)):
            found.append(f"ticket catalog: {part.name} is stored as {type_.name}; {advice}")
    return found


def _retyped(catalog: TicketCatalog, stored: dict[Expression, StoredType]) -> TicketCatalog:
    # One new expression for each old one: the sort by `created_at` is known by the identity of the two.
    new = {expression: _with_stored_type(expression, type_) for expression, type_ in stored.items()}

    def of(expression: Expression) -> Expression:
        return new.get(expression, expression)

    return attrs.evolve(
        catalog,
        id=of(catalog.id),
        created_at=of(catalog.created_at),
        is_deleted=None if catalog.is_deleted is None else of(catalog.is_deleted),
        deleted_at=None if catalog.deleted_at is None else of(catalog.deleted_at),
        columns=[attrs.evolve(each, expression=of(each.expression)) for each in catalog.columns],
    )


def _with_stored_type(expression: Expression, stored: StoredType) -> Expression:
    if stored.is_moment:
        return type_coerce(expression, DateTime(timezone=stored.name == "timestamp with time zone"))
    return expression
