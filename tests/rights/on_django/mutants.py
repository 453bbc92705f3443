"""Mistakes that the library could make, each put into it by patches, so that the test is seen to find them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Any, Final
from unittest.mock import patch

from django.utils import timezone
from sqlalchemy import bindparam, column, exists, true

from tests.rights.on_django.scene import DIRECTORY
from ticket_export.application.view import visibility
from ticket_export.infrastructure.django.model_catalog import compiled_sql, model_rule
from ticket_export.infrastructure.tickets import catalog

_bound_text = compiled_sql.bound_text
_condition = model_rule.CompiledRule._condition
_rows = model_rule.CompiledRule._rows


def _sql(change: Callable[[str], str]) -> Any:
    """Change the SQL of rules; that of the tickets themselves begins with their cells."""

    def changed(sql: str, params: Any, *, vendor: str) -> Any:
        return _bound_text(sql if "cell_" in sql else change(sql), params, vendor=vendor)

    return patch.object(compiled_sql, "bound_text", changed)


def _reversed(sql: str, params: Any, *, vendor: str) -> Any:
    return _bound_text(sql, list(params)[::-1], vendor=vendor)


def _shared_names(name: str, value: Any, **options: Any) -> Any:
    return bindparam(name, value, **{**options, "unique": False})


def _uncorrelated(rule: Any, found: Any) -> Any:
    sql = compiled_sql.compiled(rule._rows(found).query, rule.alias)
    return ~true() if sql is None else exists(sql.columns(column("pk", rule.key.type)).subquery().select())


def _any_condition(rule: Any, found: Any) -> Any:
    try:
        return _rows(rule, found)
    except visibility.ConfigurationError:
        return rule.model._base_manager.using(rule.alias).values_list("pk")


def _every_column(columns: Any, actor: Any, *, sees_every_row: bool) -> Any:
    return visibility.visible_columns([(each, None) for each, _ in columns], actor, sees_every_row=sees_every_row)


def _of_inactive_users(user_id: Any) -> Any:
    user = DIRECTORY._users().filter(pk=user_id).first()
    user.is_active = True
    return DIRECTORY.actor_of(user)


def _in_tokyo(rule: Any, found: Any) -> Any:
    with timezone.override("Asia/Tokyo"):
        return _condition(rule, found)


_rule = partial(patch.object, model_rule.CompiledRule)

#: Each mistake by its name.
MUTANTS: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    "parameters in another order": lambda: patch.object(compiled_sql, "bound_text", _reversed),
    "parameters that share their names": lambda: patch.object(compiled_sql, "bindparam", _shared_names),
    "NOT is dropped": lambda: _sql(lambda sql: sql.replace("NOT (", "(").replace("NOT EXISTS", "EXISTS")),
    "OR in place of AND": lambda: _sql(lambda sql: sql.replace(" AND ", " OR ")),
    "AND in place of OR": lambda: _sql(lambda sql: sql.replace(" OR ", " AND ")),
    "an inner join in place of an outer one": lambda: _sql(lambda sql: sql.replace("LEFT OUTER JOIN", "INNER JOIN")),
    "IS NULL is the opposite": lambda: _sql(lambda sql: sql.replace("IS NOT NULL", "IS NULL")),
    "EXISTS without correlation in place of IN": lambda: _rule("_condition", _uncorrelated),
    "a condition that nothing meets is ignored": lambda: patch.object(model_rule, "false", true),
    "a mistake of the host shows every row": lambda: _rule("_rows", _any_condition),
    "every row for each administrator": lambda: _rule(
        "__call__", lambda rule, actor: visibility.EVERY_ROW if actor.is_admin else rule._condition(rule.rule(actor))
    ),
    "times in another zone": lambda: _rule("_condition", _in_tokyo),
    "rules over columns are ignored": lambda: patch.object(catalog, "visible_columns", _every_column),
    "rights of the first request": lambda: patch.object(DIRECTORY, "find", cache(DIRECTORY.find)),
    "rights of users who are not active": lambda: patch.object(DIRECTORY, "find", _of_inactive_users),
}
