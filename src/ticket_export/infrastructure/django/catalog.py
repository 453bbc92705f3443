"""The catalog of a Django model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from django.conf import settings
from django.db import connections, models
from django.utils import timezone, translation
from sqlalchemy.sql.selectable import SelectBase

from ticket_export.application.actor import Actor
from ticket_export.application.safe_text import did_you_mean, quoted
from ticket_export.application.view.visibility import EVERY_ROW, EveryRow, require_rule
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.model_catalog.cells import Value, ticket_cells, value_of
from ticket_export.infrastructure.django.model_catalog.columns import DjangoColumn, as_columns
from ticket_export.infrastructure.django.model_catalog.model_rule import CompiledRule, ModelRule
from ticket_export.infrastructure.django.model_catalog.paths import Path, read_path, where
from ticket_export.infrastructure.django.model_catalog.routed import models_of, require_same_database
from ticket_export.infrastructure.django.model_catalog.ticket_rows import Rows, require_usable_database, ticket_rows
from ticket_export.infrastructure.tickets import catalog as core
from ticket_export.infrastructure.tickets.catalog import CatalogColumn, Expression
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type


@attrs.frozen(kw_only=True, eq=False)
class DjangoTicketCatalog(core.TicketCatalog):
    """A catalog made by `catalog_for`; `database` is the alias of the database that has its rows."""

    database: str = "default"


def catalog_for(
    queryset: models.QuerySet[Any] | models.Manager[Any],
    *,
    columns: Sequence[str | DjangoColumn],
    created_at: str | None = None,
    is_deleted: str | None = None,
    deleted_at: str | None = None,
    search: Iterable[str] = (),
    visible_to: ModelRule | EveryRow | None = None,
) -> DjangoTicketCatalog:
    """Return the catalog of the tickets in a queryset, without asking the database.

    Each of `columns` is the path of a field, as Django's queries write it, or a `column`: a field of the model
    (``title``), of a related one (``assignee__email``), a key in JSON (``custom__color``), a transform
    (``opened_at__date``), or an annotation of the queryset. The values of a relation to many (``tags__name``) are one
    cell, joined with ``", "`` and sorted. Choices have Django's labels, and a column without a label of its own has
    that of its ``verbose_name``, in the language of the setting ``LANGUAGE_CODE``.

    `created_at` is the path of the moment since which a ticket exists; by default the only ``DateTimeField`` with
    ``auto_now_add``. `is_deleted` and `deleted_at` are the paths of a boolean and a moment, for tickets that are
    deleted by a mark. `search` names the columns in which a search looks.

    `visible_to` returns, for the actor of an export, a ``Q``, another boolean expression such as ``Exists``, or a
    queryset of the model; or `EVERY_ROW`. Django compiles it for the model's base manager, and a ticket is shown if its
    key is among the result: ``id IN (SELECT …)``. See `TicketCatalog.visible_to` for what else it may be. Times in it
    are in the zone of the setting ``TIME_ZONE``.

    The rows are read from the database that Django's routers choose for reading, or that of ``using()``.

    Raises:
        ConfigurationError: the queryset is not one of whole tickets of PostgreSQL or SQLite, each once; there is no
            such path, or the field is of a kind without a form in a file; or a model is in another database.
    """
    given: Any = queryset.all() if isinstance(queryset, models.Manager) else queryset
    if not isinstance(given, models.QuerySet):
        raise ConfigurationError(
            f"catalog_for: give a queryset, such as Ticket.objects.all(), not {type(queryset).__name__}"
        )
    require_rule("catalog_for", visible_to, EVERY_ROW, None)
    alias: str = given.db
    require_usable_database(alias)
    rows = ticket_rows(given, alias)
    # The same labels and days whichever request imports the catalog first.
    with translation.override(settings.LANGUAGE_CODE), timezone.override(timezone.get_default_timezone()):
        return _catalog(
            rows,
            as_columns(columns),
            {
                "created_at": created_at or _created_at(rows.model),
                "is_deleted": is_deleted,
                "deleted_at": deleted_at,
            },
            _searched(search),
            visible_to,
        )


def _catalog(
    rows: Rows,
    columns: Sequence[DjangoColumn],
    own: Mapping[str, str | None],
    search: Sequence[str],
    visible_to: ModelRule | EveryRow | None,
) -> DjangoTicketCatalog:
    model, alias = rows.model, rows.db
    vendor = connections[alias].vendor
    given = dict.fromkeys(["pk", *(each.path for each in columns), *(path for path in own.values() if path)])
    values = {path: value_of(rows, _path(rows, path), vendor) for path in given}
    for name, path in own.items():
        if path:
            _require(name, values[path], model, SqlType.BOOLEAN if name == "is_deleted" else SqlType.MOMENT)
    require_same_database(f"catalog_for: the queryset of {model._meta.label}", model, models_of(rows.query), alias)
    for path, value in values.items():
        require_same_database(where(model, path), model, value.path.models, alias)
    cells = ticket_cells(rows, values["pk"], values, vendor)
    if unknown := [name for name in search if name not in {each.name for each in columns}]:
        known = [each.name for each in columns]
        raise ConfigurationError(
            f"catalog_for: search names {quoted(unknown[0])}, which is not among the columns; "
            + did_you_mean(unknown[0], known)
        )
    made = [_column(model, each, values[each.path], cells.of[each.path], each.name in search) for each in columns]
    key = cells.of["pk"]
    return DjangoTicketCatalog(
        tables=cells.tables,
        id=key,
        columns=made,
        visible_to=CompiledRule(visible_to, model, alias, key) if callable(visible_to) else visible_to,
        selected_by=_changelists(model, alias),
        database=alias,
        **{name: cells.of[path] for name, path in own.items() if path},
    )


def _changelists(model: type[models.Model], alias: str) -> core.SelectionRule:
    """Return the `selected_by` of a catalog: the lists of this model in the admin."""

    def rows(actor: Actor, selection: str) -> SelectBase:
        # Only for a view with a selection: not every host has an admin.
        from ticket_export.infrastructure.django.changelist import rows_of_changelist

        return rows_of_changelist(model, alias, actor, selection)

    return rows


def _path(rows: Rows, path: str) -> Path:
    return read_path(rows.model, path, rows.query.annotations)


def _created_at(model: type[models.Model]) -> str:
    moments = [each for each in model._meta.concrete_fields if isinstance(each, models.DateTimeField)]
    found = [each.name for each in moments if each.auto_now_add]
    if len(found) == 1:
        return found[0]
    candidates = ", ".join(repr(each.name) for each in moments)
    count = "several fields" if found else "no field"
    raise ConfigurationError(
        f"catalog_for: {model._meta.label} has {count} with auto_now_add=True; "
        + (
            f"name the moment since which a ticket exists, created_at=… (one of {candidates})"
            if moments
            else "add a DateTimeField that says since when a ticket exists, and name it as created_at=…"
        )
    )


def _searched(search: Iterable[str]) -> list[str]:
    if isinstance(search, str):
        raise ConfigurationError(f"catalog_for: search is a list of columns, not a text; use search=[{search!r}]")
    return list(search)


def _require(name: str, value: Value, model: type[models.Model], wanted: SqlType) -> None:
    if value.path.is_many or value.path.keys or sql_type(value.type) is not wanted:
        kind = "BooleanField" if wanted is SqlType.BOOLEAN else "DateTimeField"
        raise ConfigurationError(f"{where(model, value.path.given)}: {name} must be a {kind} of the ticket")


def _column(
    model: type[models.Model], given: DjangoColumn, value: Value, cell: Expression, is_searched: bool
) -> CatalogColumn:
    path = value.path
    label = path.label if given.label is None else given.label
    common: dict[str, Any] = {"name": given.name, "label": label, "expression": cell, "visible_to": given.visible_to}
    searchable: dict[str, Any] = {"searchable": given.searchable or is_searched}
    kind = SqlType.TEXT if path.is_many or path.keys else sql_type(value.type)
    is_id = not path.is_many and not path.keys and (path.is_key or kind is SqlType.UUID)
    if given.scope_role is not None and not is_id:
        raise ConfigurationError(f"{where(model, given.path)}: scope_role is for a key, such as team_id")
    if value.choices is not None and not path.is_many:
        return core.choice_column(**common, **searchable, choices=value.choices)
    if kind in (SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT) and not is_id:
        return core.number_column(**common, **searchable)
    if kind in (SqlType.TEXT, SqlType.TIME) and not is_id:
        return core.text_column(**common, **searchable)
    if searchable["searchable"]:
        raise ConfigurationError(
            f"{where(model, given.path)}: a search looks only at texts, numbers and choices; remove it from search"
        )
    if is_id:
        return core.id_column(**common, scope_role=given.scope_role)
    makers = {SqlType.BOOLEAN: core.boolean_column, SqlType.DAY: core.day_column, SqlType.MOMENT: core.date_column}
    return makers[kind](**common)
