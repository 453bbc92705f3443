"""Converts a SELECT to the COPY that psycopg sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

import attrs
from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.cache_key import CacheKey
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import LRUCache


@attrs.frozen
class _Compiled:
    """A compiled SELECT, and the functions that convert its values."""

    select: SQLCompiler
    processors: Mapping[str, Callable[[Any], Any]]


# As many as an engine of SQLAlchemy keeps. Compiling takes longer than PostgreSQL needs for a hundred rows.
_MOST: Final = 500
# Of each dialect, which all connections of an engine share.
_compiled: WeakKeyDictionary[Dialect, LRUCache[Any, _Compiled]] = WeakKeyDictionary()


def copy_statement(
    query: Select[Any], connection: Connection, options: str = "FORMAT csv"
) -> tuple[str, Mapping[str, object]]:
    """The statement, and the values that psycopg quotes and puts into it: COPY itself takes no parameters.

    SQLAlchemy cannot run a COPY, so its conversion of the values for the driver is done here. So is its cache of
    compiled statements: two views that differ only in their values are compiled once.
    """
    schemas = connection.get_execution_options().get("schema_translate_map")
    key = query._generate_cache_key() if schemas is None else None  # noqa: SLF001 - its cache uses it in this way
    if key is None or key.params:
        # The key has no schemas. The host uses an expression that SQLAlchemy cannot cache, or one with `params`.
        compiled = _compile(query, connection.dialect, schemas=schemas)
        expanded = compiled.select.construct_expanded_state()
    else:
        known = _compiled.setdefault(connection.dialect, LRUCache(_MOST))
        found = known.get(key.key)
        if found is None:
            found = known[key.key] = _compile(query, connection.dialect, key=key)
        compiled = found
        # SQLAlchemy relates the parameters of the two queries: compiled ones may be copies of those in the key.
        own = compiled.select.construct_params(extracted_parameters=key.bindparams, escape_names=False)
        expanded = compiled.select.construct_expanded_state(own)
    processors = {**compiled.processors, **expanded.processors}
    values = {
        name: processors[name](value) if name in processors else value for name, value in expanded.parameters.items()
    }
    return f"COPY ({expanded.statement}) TO STDOUT ({options}, ENCODING 'UTF8')", values


def _compile(query: Select[Any], dialect: Dialect, *, key: CacheKey | None = None, schemas: Any = None) -> _Compiled:
    select = query.compile(
        dialect=dialect,
        cache_key=key,
        schema_translate_map=schemas,
        render_schema_translate=schemas is not None,
    )
    return _Compiled(select, _processors(select, dialect))


def _processors(compiled: SQLCompiler, dialect: Dialect) -> dict[str, Callable[[Any], Any]]:
    """The functions that convert a Python value for the driver, by the parameter's name in the statement."""
    found = (
        (compiled.escaped_bind_names.get(name, name), bound.type.dialect_impl(dialect).bind_processor(dialect))
        for bound, name in compiled.bind_names.items()
    )
    return {name: processor for name, processor in found if processor is not None}
