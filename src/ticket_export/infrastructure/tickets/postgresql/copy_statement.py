"""Converts a SELECT to the COPY that psycopg sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler


def copy_statement(
    query: Select[Any], connection: Connection, options: str = "FORMAT csv"
) -> tuple[str, Mapping[str, object]]:
    """The statement, and the values that psycopg quotes and puts into it: COPY itself takes no parameters.

    SQLAlchemy cannot run a COPY, so its conversion of the values for the driver is done here.
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
    return f"COPY ({expanded.statement}) TO STDOUT ({options}, ENCODING 'UTF8')", values


def _processors(compiled: SQLCompiler, dialect: Dialect) -> dict[str, Callable[[Any], Any]]:
    """The functions that convert a Python value for the driver, by the parameter's name in the statement."""
    found = (
        (compiled.escaped_bind_names.get(name, name), bound.type.dialect_impl(dialect).bind_processor(dialect))
        for bound, name in compiled.bind_names.items()
    )
    return {name: processor for name, processor in found if processor is not None}
