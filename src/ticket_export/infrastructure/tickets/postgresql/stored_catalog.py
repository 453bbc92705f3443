"""A catalog with the types that PostgreSQL stores.

A declaration can be wrong: most ORMs store moments as ``timestamptz`` where the catalog says ``DateTime()``. So
PostgreSQL describes the expressions, and the stored types decide how values are read, bound and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Text,
    bindparam,
    column,
    func,
    select,
    table,
    text,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.sqltypes import NullType
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.catalog import CatalogColumn, Expression, TicketCatalog
from ticket_export.infrastructure.tickets.postgresql.stored_type import StoredType
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags, LooselyCollated
from ticket_export.infrastructure.tickets.sql_types import SqlType, refusal, sql_type

#: Returns None if the stored type is accepted, else what to do, as the end of a sentence.
Rule: TypeAlias = Callable[[StoredType], str | None]

_TYPES: Final = text(
    # Without the quotation marks around every name that `quote_all_identifiers` adds.
    "SELECT oid, replace(pg_catalog.format_type(oid, NULL), '\"', '') AS name, typtype = 'e' AS is_enum "
    "FROM pg_catalog.pg_type WHERE oid IN :oids"
).bindparams(bindparam("oids", expanding=True, type_=BigInteger()))
_COLLATIONS: Final = table("pg_collation", column("collisdeterministic", Boolean), schema="pg_catalog")
_TAGS: Final = ("jsonb", "json", "text", "character varying")
_TIME_ADVICE: Final = {
    ColumnKind.DATE: "a moment is stored as timestamp (in UTC) or timestamptz",
    ColumnKind.DAY: "a day is stored as date",
}


@attrs.frozen
class _Part:
    """One expression of a catalog, its name in a message, and the rule for its stored type."""

    name: str
    expression: Expression
    rule: Rule


# A correct catalog is compared once per engine; any other catalog each time, since it may be correct by then.
_as_stored: WeakKeyDictionary[Engine, WeakKeyDictionary[TicketCatalog, TicketCatalog]] = WeakKeyDictionary()
_lock = Lock()


def catalog_as_stored(connection: Connection, catalog: TicketCatalog) -> TicketCatalog:
    """The catalog with the stored types in place of the declared ones; PostgreSQL is asked once per engine.

    Raises:
        ConfigurationError: the library cannot read an expression; the message has a line for each, with the column, its
            stored type, and what to do.
        SQLAlchemyError: the database failed, or lacks one of the tables or columns.
    """
    with _lock:
        known = _as_stored.setdefault(connection.engine, WeakKeyDictionary())
        found = known.get(catalog)
    if found is None:
        found = _compared(connection, catalog)
        with _lock:
            known[catalog] = found
    return found


def _compared(connection: Connection, catalog: TicketCatalog) -> TicketCatalog:
    # Tags first: PostgreSQL refuses the SELECT that would describe them if they are declared as another type.
    tags = [
        _Part(_name(each), _tags_in(joined), _tags_rule)
        for each in catalog.columns
        for joined in _joined_tags_in(each.expression)
    ]
    catalog = _with_stored_tags(catalog, _accepted(connection, catalog, tags))
    catalog = _with_stored_types(catalog, _accepted(connection, catalog, _parts(catalog)))
    return _with_collations(connection, catalog)


def _parts(catalog: TicketCatalog) -> list[_Part]:
    own: list[tuple[str, Expression | None, Rule]] = [
        ("id", catalog.id, lambda _stored: None),
        ("created_at", catalog.created_at, _moment_rule),
        ("is_deleted", catalog.is_deleted, _condition_rule),
        ("deleted_at", catalog.deleted_at, _moment_rule),
    ]
    return [_Part(name, expression, rule) for name, expression, rule in own if expression is not None] + [
        _Part(_name(each), each.expression, _column_rule(each)) for each in catalog.columns
    ]


def _column_rule(each: CatalogColumn) -> Rule:
    return lambda stored: refusal(each.column, stored.sql_type, _TIME_ADVICE)


def _moment_rule(stored: StoredType) -> str | None:
    return None if stored.sql_type is SqlType.MOMENT else _TIME_ADVICE[ColumnKind.DATE]


def _condition_rule(stored: StoredType) -> str | None:
    return None if stored.sql_type is SqlType.BOOLEAN else "use a condition, such as `column != 0`"


def _tags_rule(stored: StoredType) -> str | None:
    return None if stored.name in _TAGS else "JoinedTags is for JSON; for an array use func.array_to_string(…, ', ')"


def _name(each: CatalogColumn) -> str:
    return f"the {each.column.kind} column {each.column.name!r}"


def _joined_tags_in(expression: Expression) -> list[JoinedTags]:
    return [element for element in iterate(expression) if isinstance(element, JoinedTags)]


def _tags_in(joined: JoinedTags) -> Expression:
    (tags,) = joined.clauses
    return tags


def _accepted(
    connection: Connection, catalog: TicketCatalog, parts: Sequence[_Part]
) -> Mapping[Expression, StoredType]:
    """The stored type of each expression.

    Raises:
        ConfigurationError: a rule refuses one.
    """
    stored = _described(connection, catalog, list(dict.fromkeys(part.expression for part in parts)))
    advised = [(part.name, stored[part.expression].name, part.rule(stored[part.expression])) for part in parts]
    _require_none([f"{name} is stored as {type_}; {advice}" for name, type_, advice in advised if advice])
    return stored


def _require_none(problems: Sequence[str]) -> None:
    if problems:
        raise ConfigurationError("\n".join(f"ticket catalog: {problem}" for problem in problems))


def _described(
    connection: Connection, catalog: TicketCatalog, expressions: Sequence[Expression]
) -> dict[Expression, StoredType]:
    if not expressions:
        return {}
    # Of no type: SQLAlchemy would look for a way to read the stored type as the declared one, and may find none.
    labelled = (type_coerce(each, NullType()).label(f"cell_{number}") for number, each in enumerate(expressions))
    with connection.execute(select(*labelled).select_from(catalog.tables).limit(0)) as result:
        cursor: DBAPICursor = result.cursor  # None only for a statement that returns no rows
        oids: list[Any] = [column[1] for column in cursor.description or ()]
    rows = connection.execute(_TYPES, {"oids": sorted(set(oids))})
    named = {row.oid: StoredType(name=row.name, is_enum=row.is_enum) for row in rows}
    return {expression: named[oid] for expression, oid in zip(expressions, oids, strict=True)}


def _with_columns(catalog: TicketCatalog, of: Callable[[Expression], Expression]) -> TicketCatalog:
    columns = [attrs.evolve(each, expression=of(each.expression)) for each in catalog.columns]
    return attrs.evolve(catalog, columns=columns)


def _with_stored_tags(catalog: TicketCatalog, stored: Mapping[Expression, StoredType]) -> TicketCatalog:
    def replaced(element: Any, **_kw: object) -> Expression | None:
        if not isinstance(element, JoinedTags):
            return None
        tags = _tags_in(element)
        # The spelling depends on the type.
        return JoinedTags(type_coerce(tags, JSONB() if stored[tags].name == "jsonb" else Text()))

    def of(expression: Expression) -> Expression:
        if not _joined_tags_in(expression):
            return expression
        found: Expression = replacement_traverse(expression, {}, replaced)
        return found

    return _with_columns(catalog, of)


def _with_stored_types(catalog: TicketCatalog, stored: Mapping[Expression, StoredType]) -> TicketCatalog:
    # One new expression for each old one: the sort by `created_at` is known by the identity of the two.
    new = {expression: type_.of(expression) for expression, type_ in stored.items()}
    return attrs.evolve(
        _with_columns(catalog, new.__getitem__),
        id=new[catalog.id],
        created_at=new[catalog.created_at],
        is_deleted=None if catalog.is_deleted is None else new[catalog.is_deleted],
        deleted_at=None if catalog.deleted_at is None else new[catalog.deleted_at],
    )


def _with_collations(connection: Connection, catalog: TicketCatalog) -> TicketCatalog:
    """The catalog with those texts marked whose collation is non-deterministic: different texts may be equal in it."""
    texts = [each for each in catalog.columns if sql_type(each.expression.type) is SqlType.TEXT]
    if not texts:
        return catalog
    # No row is read: the collation of an expression is known without its value.
    cells = select(*(each.expression.label(f"cell_{number}") for number, each in enumerate(texts)))
    empty = cells.select_from(catalog.tables).limit(0).subquery("cells")
    names: list[ColumnElement[Any]] = [func.pg_collation_for(cell) for cell in empty.c]
    one = select(true().label("one")).subquery("one")
    found = connection.execute(select(*names).select_from(one.outerjoin(empty, true()))).one()
    by_name = {each.column.name: name for each, name in zip(texts, found, strict=True)}
    _require_none(
        [
            f"{_name(each)} mixes texts of several collations; name one with .collate(…)"
            for each in texts
            if by_name[each.column.name] is None
        ]
    )
    collations = select(text("oid::regcollation::text")).select_from(_COLLATIONS)
    loose = set(connection.execute(collations.where(~_COLLATIONS.c.collisdeterministic)).scalars())
    is_loose = {each.expression: by_name[each.column.name] in loose for each in texts}
    return _with_columns(catalog, lambda each: LooselyCollated(each) if is_loose.get(each) else each)
