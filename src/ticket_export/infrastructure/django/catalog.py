"""The catalog of a Django model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from django.db import models
from django.db.models import F, Q
from django.utils.text import capfirst
from sqlalchemy import BigInteger, DateTime, Text, column, text
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

from ticket_export.application.actor import Actor
from ticket_export.application.view.visibility import EveryRow
from ticket_export.infrastructure.tickets import catalog as c


@attrs.frozen(kw_only=True, eq=False)
class DjangoTicketCatalog(c.TicketCatalog):
    """A catalog made by `catalog_for`; `database` is the alias of the database that has its rows."""

    database: str = "default"


def catalog_for(
    queryset: models.QuerySet[Any],
    *,
    columns: Sequence[str],
    created_at: str,
    visible_to: Callable[[Actor], Q | EveryRow] | EveryRow | None = None,
) -> DjangoTicketCatalog:
    """Return the catalog of a queryset (a first form: plain fields of the model)."""
    model = queryset.model
    names = {name: f"c{index}" for index, name in enumerate(dict.fromkeys(["pk", created_at, *columns]))}
    annotated = queryset.order_by().annotate(**{alias: F(name) for name, alias in names.items()})
    sql, params = annotated.values_list(*names.values()).query.sql_with_params()
    fields = {name: annotated.query.annotations[alias].output_field for name, alias in names.items()}
    rows = _text(sql, params).columns(*(column(alias, _type(fields[name])) for name, alias in names.items()))
    tickets = rows.subquery("tickets")
    cells = {name: tickets.c[alias] for name, alias in names.items()}

    def rule(actor: Actor) -> Any:
        found = visible_to(actor) if callable(visible_to) else visible_to
        if isinstance(found, EveryRow):
            return found
        chosen = model._base_manager.filter(found).values_list("pk").query.sql_with_params()
        return cells["pk"].in_(_text(*chosen).columns(column("pk", BigInteger)))

    return DjangoTicketCatalog(
        tables=tickets,
        id=cells["pk"],
        created_at=cells[created_at],
        columns=[_column(name, capfirst(str(fields[name].verbose_name or name)), cells[name]) for name in columns],
        visible_to=rule if callable(visible_to) else visible_to,
        selected_by=_changelists(model, queryset.db),
        database=queryset.db,
    )


def _changelists(model: type[models.Model], alias: str) -> c.SelectionRule:
    """Return the `selected_by` of a catalog: the lists of this model in the admin."""

    def rows(actor: Actor, selection: str) -> SelectBase:
        # Only for a view with a selection: not every host has an admin.
        from ticket_export.infrastructure.django.changelist import rows_of_changelist

        return rows_of_changelist(model, alias, actor, selection)

    return rows


def _text(sql: str, params: Sequence[Any]) -> Any:
    named = {f"p{index}": value for index, value in enumerate(params)}
    return text(sql.replace(":", "\\:") % tuple(f":{name}" for name in named)).bindparams(**named)


def _type(field: models.Field[Any, Any]) -> TypeEngine[Any]:
    if isinstance(field, models.IntegerField):
        return BigInteger()
    return DateTime(timezone=True) if isinstance(field, models.DateTimeField) else Text()


def _column(name: str, label: str, cell: Any) -> c.CatalogColumn:
    if isinstance(cell.type, BigInteger):
        return c.number_column(name, label, cell)
    return (c.date_column if isinstance(cell.type, DateTime) else c.text_column)(name, label, cell)
