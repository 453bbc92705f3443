"""What a database stores under the expressions of a catalog.

A declaration can be wrong: most ORMs store moments as ``timestamptz`` where the catalog says ``DateTime()``. So the
types that PostgreSQL itself gives to the expressions decide what is read, bound and shown. SQLite stores no types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import (
    CHAR,
    BigInteger,
    Connection,
    Engine,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.sqltypes import NullType
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.catalog import CatalogColumn, Expression, TicketCatalog
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags, declared_type
from ticket_export.infrastructure.tickets.sql_types import STORED, SqlType, sql_type
from ticket_export.infrastructure.tickets.stored_collations import compared_collations
from ticket_export.infrastructure.tickets.stored_type_rules import (
    Rule,
    StoredType,
    refuse_no_boolean,
    refuse_no_moment,
    refuse_no_tags,
    rule_of,
)

_TYPES = text(
    # Without quotation marks, which are around every name where `quote_all_identifiers` is on.
    "SELECT oid, replace(pg_catalog.format_type(oid, NULL), '\"', '') AS name, typtype = 'e' AS is_enum "
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
    if connection.dialect.name != "postgresql":
        return []
    found, _ = _compared(connection, catalog)
    return found


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
        problems, found = _compared(connection, catalog)
        if problems:
            raise ConfigurationError("\n".join(problems))
        with _lock:
            known[catalog] = found
    return found


def _compared(connection: Connection, catalog: TicketCatalog) -> tuple[list[str], TicketCatalog]:
    """What is wrong, and the catalog as it is stored; where something is wrong, as far as it was looked at."""
    # Tags first: PostgreSQL refuses the SELECT that would describe them where they are declared as another type.
    tags = [
        _Part(_name(each), _tags_in(element), refuse_no_tags)
        for each in catalog.columns
        for element in _joined_tags_in(each.expression)
    ]
    stored = _described(connection, catalog, tags)
    if problems := _problems(tags, stored):
        return problems, catalog
    catalog = _with_stored_tags(catalog, stored)
    parts = _parts(catalog)
    stored = _described(connection, catalog, parts)
    if problems := _problems(parts, stored):
        return problems, catalog
    return compared_collations(connection, _retyped(catalog, stored))


def _parts(catalog: TicketCatalog) -> list[_Part]:
    own: list[tuple[str, Expression | None, Rule | None]] = [
        ("id", catalog.id, None),
        ("created_at", catalog.created_at, refuse_no_moment),
        ("is_deleted", catalog.is_deleted, refuse_no_boolean),
        ("deleted_at", catalog.deleted_at, refuse_no_moment),
    ]
    return [_Part(name, expression, rule) for name, expression, rule in own if expression is not None] + [
        _Part(_name(each), each.expression, rule_of(each.column)) for each in catalog.columns
    ]


def _joined_tags_in(expression: Expression) -> list[JoinedTags]:
    """The tags that the expression joins."""
    return [element for element in iterate(expression) if isinstance(element, JoinedTags)]


def _tags_in(joined: JoinedTags) -> Expression:
    """What is joined."""
    (tags,) = joined.clauses
    return tags


def _name(each: CatalogColumn) -> str:
    return f"the {each.column.kind} column {each.column.name!r}"


def _described(connection: Connection, catalog: TicketCatalog, parts: Sequence[_Part]) -> dict[Expression, StoredType]:
    expressions = list(dict.fromkeys(part.expression for part in parts))
    if not expressions:
        return {}
    # Of no type: SQLAlchemy would look up how to read the stored type as the declared one, and may find no way.
    labelled = (type_coerce(each, NullType()).label(f"cell_{number}") for number, each in enumerate(expressions))
    with connection.execute(select(*labelled).select_from(catalog.tables).limit(0)) as result:
        cursor: DBAPICursor = result.cursor  # None only for a statement that gives no rows
        oids: list[Any] = [column[1] for column in cursor.description or ()]
    rows = connection.execute(_TYPES, {"oids": sorted(set(oids))})
    named = {row.oid: StoredType(name=row.name, is_enum=row.is_enum) for row in rows}
    return {expression: named[oid] for expression, oid in zip(expressions, oids, strict=True)}


def _problems(parts: Sequence[_Part], stored: Mapping[Expression, StoredType]) -> list[str]:
    found = []
    for part in parts:
        type_ = stored[part.expression]
        if part.rule and (advice := part.rule(type_)):
            found.append(f"ticket catalog: {part.name} is stored as {type_.name}; {advice}")
    return found


def _with_stored_tags(catalog: TicketCatalog, stored: Mapping[Expression, StoredType]) -> TicketCatalog:
    def replaced(element: Any, **_kw: object) -> Expression | None:
        if not isinstance(element, JoinedTags):
            return None
        tags = _tags_in(element)
        # The type decides how they are spelled.
        return JoinedTags(type_coerce(tags, JSONB() if stored[tags].name == "jsonb" else Text()))

    def of(expression: Expression) -> Expression:
        if not _joined_tags_in(expression):
            return expression
        found: Expression = replacement_traverse(expression, {}, replaced)
        return found

    return attrs.evolve(
        catalog, columns=[attrs.evolve(each, expression=of(each.expression)) for each in catalog.columns]
    )


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
    declared, found = sql_type(expression.type), stored.sql_type
    is_padded = stored.name == "character" or isinstance(declared_type(expression), CHAR)
    if found is SqlType.TEXT and declared is SqlType.UUID:
        return type_coerce(expression, Uuid(native_uuid=False))
    if found is SqlType.TEXT and is_padded:
        # The blanks that fill it up are not part of the text.
        return func.rtrim(cast(expression, Text), " ", type_=Text())
    if stored.is_peculiar_text:
        return cast(expression, Text)
    if found is SqlType.OTHER or (found is declared and found not in _OF_SEVERAL_SIZES):
        return expression
    return type_coerce(expression, STORED[stored.name])


# The declared type does not say enough: with or without a time zone, real or double, native or not.
_OF_SEVERAL_SIZES = (SqlType.MOMENT, SqlType.FLOAT, SqlType.UUID)
