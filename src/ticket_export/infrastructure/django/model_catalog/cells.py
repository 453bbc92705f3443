"""The values that a catalog reads of each ticket, compiled by Django to one subquery.

Each path is a column of the subquery. A relation to many is a subquery of its own, which names the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import F, Func
from django.db.models.expressions import Col, Combinable
from django.db.models.functions import Cast, Coalesce
from django.db.models.functions.datetime import TruncBase
from sqlalchemy import ColumnElement, Text, case, literal, literal_column, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.model_catalog.compiled_sql import compiled_table
from ticket_export.infrastructure.django.model_catalog.field_kinds import choices_of, type_of, value_field
from ticket_export.infrastructure.django.model_catalog.joined_values import joined_values
from ticket_export.infrastructure.django.model_catalog.paths import Model, Path, where
from ticket_export.infrastructure.django.model_catalog.ticket_rows import Rows, may_repeat_tickets
from ticket_export.infrastructure.tickets.catalog import Choices, ChoicesNow, Expression
from ticket_export.infrastructure.tickets.cell_forms import exact_text_of, text_of
from ticket_export.infrastructure.tickets.sql_functions import JsonText
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


@attrs.frozen(kw_only=True)
class Value:
    """What Django reads for a path: an expression, the field that has its values, and their type in the database."""

    path: Path
    expression: Combinable
    type: TypeEngine[Any]
    choices: Choices | ChoicesNow | None


@attrs.frozen(kw_only=True)
class TicketCells:
    """The subquery of all tickets, and the expression of each path."""

    tables: FromClause
    of: Mapping[str, Expression]


def value_of(rows: Rows, path: Path, vendor: str) -> Value:
    """Return what Django reads for a path on the tickets of `rows`.

    Raises:
        ConfigurationError: the catalog does not support the field.
    """
    named = where(rows.model, path.given)
    try:
        read: Any = rows.annotate(**{_VALUE: F(path.source)}).query.annotations[_VALUE]
        output = read.output_field
    except FieldError as error:
        raise ConfigurationError(f"{named}: Django refuses it: {error}") from error
    field = value_field(output)
    if not path.is_many and may_repeat_tickets(rows.query, read):
        raise ConfigurationError(
            f"{named} could show a ticket several times, once for each of its values; name the path of the relation "
            "to many itself, or annotate an aggregate or a Subquery"
        )
    expression: Combinable = F(path.source)
    if path.keys:
        return Value(path=path, expression=expression, type=JSONB() if vendor == "postgresql" else Text(), choices=None)
    type_ = type_of(field, path.given, named, vendor=vendor)
    is_column = isinstance(read, Col)
    if isinstance(field, models.DateTimeField) and any(isinstance(each, TruncBase) for each in read.flatten()):
        raise ConfigurationError(
            f"{named}: a truncated time is in Django's current time zone; use TruncDate, or output_field=DateField()"
        )
    if isinstance(field, models.GenericIPAddressField) and vendor == "postgresql":
        # As text PostgreSQL would add the length of the network.
        expression = Func(expression, function="HOST", output_field=models.TextField())
    if isinstance(field, models.FloatField) and not is_column:
        # PostgreSQL computes an average of integers as a decimal.
        expression = Cast(expression, models.FloatField())
    if isinstance(field, models.DecimalField) and not path.is_key and vendor == "sqlite":
        expression = _decimal_of_sqlite(expression, field, is_column=is_column)
    return Value(path=path, expression=expression, type=type_, choices=choices_of(field) if is_column else None)


def _decimal_of_sqlite(value: Combinable, field: models.DecimalField[Any, Any], *, is_column: bool) -> Combinable:
    """Return a decimal as Django reads it: SQLite computes in binary, and stores 3 * 1.10 as 3.3000000000000003."""
    if not is_column:
        return _WithoutNoise(value, output_field=field)
    rounded = f"CASE WHEN TYPEOF(%(expressions)s) = 'real' THEN ROUND(%(expressions)s, {field.decimal_places}) END"
    return Coalesce(Func(value, template=rounded, output_field=field), value)


class _WithoutNoise(Func):
    """A number with the 15 digits that a floating-point number keeps for certain, as Django reads a decimal."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> Any:
        (number,) = self.get_source_expressions()
        sql, params = compiler.compile(number)
        exact = f"CAST(printf('%%.15g', {sql}) AS NUMERIC)"
        return f"CASE WHEN typeof({sql}) = 'real' THEN {exact} ELSE {sql} END", [*params, *params, *params]


def ticket_cells(rows: Rows, key: Value, values: Mapping[str, Value], vendor: str) -> TicketCells:
    """Return the subquery of the tickets with the `values`, of which `key` is the primary key.

    Raises:
        ConfigurationError: Django cannot compile the query.
    """
    own = {key.path.source: key} | {each.path.source: each for each in values.values() if not each.path.is_many}
    aliases = {source: _CELL.format(number) for number, source in enumerate(own)}
    annotated = rows.annotate(**{aliases[source]: each.expression for source, each in own.items()})
    # A join of a column alone must not lose a ticket, and the database can leave an outer one out of a view without
    # that column. The joins of the host's own conditions stay as they are.
    annotated.query.promote_joins(set(annotated.query.alias_map) - set(rows.query.alias_map))
    columns = {aliases[source]: each.type for source, each in own.items()}
    tickets = _subquery(annotated, columns, "tickets")
    cells = {source: tickets.c[alias] for source, alias in aliases.items()}
    found: dict[str, Expression] = {}
    for given, value in values.items():
        path = value.path
        if path.is_many:
            found[given] = _joined(rows, cells[key.path.source], key, value, vendor)
        elif path.keys:
            found[given] = JsonText(cells[path.source], *map(_literal_key, path.keys))
        else:
            found[given] = cells[path.source]
    return TicketCells(tables=tickets, of=found)


def _joined(rows: Rows, ticket: Expression, key: Value, value: Value, vendor: str) -> ColumnElement[str]:
    path = value.path
    model: Model = rows.model
    if sql_type(value.type) is SqlType.MOMENT:
        raise ConfigurationError(
            f"{where(model, path.given)}: a list of times has no time zone to be shown in; use {path.given}__date"
        )
    if callable(value.choices):
        raise ConfigurationError(
            f"{where(model, path.given)}: the choices of a relation to many cannot be those of a function"
        )
    # The filter before the annotation, so that both are of the same join.
    every = model._base_manager.using(rows.db).order_by().filter(**{f"{path.source}__isnull": False})
    related = every.annotate(ticket_=key.expression, value_=value.expression)
    items = _subquery(related, {"ticket_": key.type, "value_": value.type}, "related")
    items = select(items.c.ticket_.label("ticket"), items.c.value_.label("value")).subquery("items")
    return joined_values(items, ticket, partial(_text, value), vendor=vendor)


def _text(value: Value, cell: Expression) -> ColumnElement[str]:
    if value.path.keys:
        return JsonText(cell, *map(_literal_key, value.path.keys))
    shown = text_of(cell)
    if isinstance(value.choices, Mapping) and value.choices:
        return case(dict(value.choices), value=exact_text_of(cell), else_=shown)
    return shown


def _subquery(rows: Rows, columns: Mapping[str, TypeEngine[Any]], name: str) -> FromClause:
    typed = [sql_column(alias, type_) for alias, type_ in columns.items()]
    return compiled_table(rows.values_list(*columns).query, rows.db).columns(*typed).subquery(name)


def _literal_key(key: str | int) -> Expression:
    return literal_column(str(key)) if isinstance(key, int) else literal(key)


# A field of a model cannot end with an underscore.
_CELL: Final = "cell_{}_"
_VALUE: Final = "value_"
