"""From a SELECT to the COPY that psycopg sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler


def copy_statement(query: Select[Any], connection: Connection) -> tuple[str, Mapping[str, object]]:
    """The statement, and the values that psycopg puts into it, quoted: COPY itself takes no parameters.

    SQLAlchemy would send neither a COPY nor its rows, so what it does to a statement's values before
    it gives them to the driver is done here.
    """
    schemas = connection.get_execution_options().get("schema_translate_map")
    compiled = query.compile(
        dialect=connection.dialect, schema_translate_map=schemas, render_schema_translate=schemas is not None
    )
    expanded = compiled.construct_expanded_state()
    processors = {**_processors(compiled, connection.dialect), **expanded.processors}
    values = {
        name: processors[name](value) if name in processors else value for name, value in expanded.parameters.items()
    }
    return f"COPY ({expanded.statement}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')", values


def _processors(compiled: SQLCompiler, dialect: Dialect) -> dict[str, Callable[[Any], Any]]:
    """What makes of a Python value the driver's, by the parameter's name in the statement."""
    found = (
        (compiled.escaped_bind_names.get(name, name), bound.type.dialect_impl(dialect).bind_processor(dialect))
        for bound, name in compiled.bind_names.items()
    )
    return {name: processor for name, processor in found if processor is not None}
