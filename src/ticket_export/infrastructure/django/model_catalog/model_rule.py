"""The row rule of a catalog of Django's models: a `Q` becomes ``id IN (SELECT …)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from django.core.exceptions import FieldError
from django.db import NotSupportedError, models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from sqlalchemy import ColumnElement, column, false

from ticket_export.application.actor import Actor
from ticket_export.application.view.visibility import EveryRow
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.model_catalog.compiled_sql import compiled
from ticket_export.infrastructure.django.model_catalog.routed import models_of, require_same_database
from ticket_export.infrastructure.tickets.catalog import Expression

#: Returns what a ticket must meet for the actor to see it: a `Q`, a boolean expression such as ``Exists``, a queryset
#: of the model, or `EVERY_ROW`.
ModelRule: TypeAlias = "Callable[[Actor], Q | Combinable | models.QuerySet[Any] | EveryRow]"

_NAME = "catalog_for: the row rule (visible_to)"


@attrs.frozen
class CompiledRule:
    """The rule of a host on the tickets of `model` in the database `alias`, whose keys are in `key`.

    Conditions on parts of a time, such as ``opened_at__date``, are in the zone of Django's setting ``TIME_ZONE``, also
    where a request has activated another zone, since a worker has activated none.
    """

    rule: ModelRule
    model: type[models.Model]
    alias: str
    key: Expression

    def __call__(self, actor: Actor) -> ColumnElement[bool] | EveryRow:
        """Return the condition for the actor, or `EVERY_ROW`.

        Raises:
            ConfigurationError: the rule returned anything else, an empty `Q`, or a condition that Django refuses.
        """
        found = self.rule(actor)
        if isinstance(found, EveryRow):
            return found
        with timezone.override(timezone.get_default_timezone()):
            return self._condition(found)

    def _condition(self, found: object) -> ColumnElement[bool]:
        try:
            rows = self._rows(found)
            require_same_database(_NAME, self.model, models_of(rows.query), self.alias)
            sql = compiled(rows.query, self.alias)
        except (FieldError, NotSupportedError) as error:
            # Django names fields and lookups in it, but no value.
            raise ConfigurationError(f"{_NAME} returned a condition that Django refuses: {error}") from error
        if sql is None:
            return false()
        return self.key.in_(sql.columns(column("pk", self.key.type)))

    def _rows(self, found: object) -> models.QuerySet[Any]:
        if isinstance(found, models.QuerySet):
            return self._of_queryset(found)
        if isinstance(found, Q) and not found:
            raise ConfigurationError(_EMPTY)
        is_condition = isinstance(found, Q) or (
            hasattr(found, "resolve_expression") and getattr(found, "conditional", False)
        )
        if not is_condition:
            raise ConfigurationError(
                f"{_NAME} returned {type(found).__name__}; return a Q, a boolean expression such as Exists(…), a "
                f"queryset of {self.model._meta.label}, or EVERY_ROW"
            )
        every = self.model._base_manager.using(self.alias).order_by()
        rows = every.filter(found)
        # Such as Q(Q()), whose parts say nothing.
        if len(rows.query.where.children) <= len(every.query.where.children):
            raise ConfigurationError(_EMPTY)
        return rows.values_list("pk")

    def _of_queryset(self, found: models.QuerySet[Any]) -> models.QuerySet[Any]:
        query: Any = found.query
        if found.model._meta.concrete_model is not self.model._meta.concrete_model or getattr(found, "_fields", None):
            raise ConfigurationError(
                f"{_NAME} returned a queryset of {found.model._meta.label}"
                f"{' with values()' if getattr(found, '_fields', None) else ''}; return one of {self.model._meta.label}"
            )
        own: Any = found
        if own._db not in (None, self.alias):
            raise ConfigurationError(
                f"{_NAME} returned a queryset of the database {own._db!r}; the tickets are in {self.alias!r}"
            )
        if query.combinator:
            raise ConfigurationError(f"{_NAME} returned a {query.combinator}(); return a Q, as in Q(…) | Q(…)")
        rows = found.using(self.alias)
        # The order of such a queryset says which rows it has.
        is_ordered = query.is_sliced or query.distinct_fields
        chosen: Any = (rows if is_ordered else rows.order_by()).values_list("pk")
        chosen.query.select_for_update = False
        # As a subquery, one with distinct() has no columns of its order next to the key.
        chosen.query.subquery = True
        return chosen  # type: ignore[no-any-return]


_EMPTY = (
    f"{_NAME} returned an empty Q(), with which Django would show every row; return EVERY_ROW if this is meant, or "
    "Q(pk__in=[]) for no row"
)
