"""The columns of a catalog of Django's models, as a host declares them."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ticket_export.application.view.ticket_column import ScopeRole
from ticket_export.application.view.visibility import ColumnRule, require_rule
from ticket_export.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class DjangoColumn:
    """What `column` returns, for ``catalog_for(columns=[…])``."""

    path: str
    name: str
    label: str | None = None
    searchable: bool = False
    visible_to: ColumnRule | None = None
    scope_role: ScopeRole | None = None


def column(
    path: str,
    *,
    name: str | None = None,
    label: str | None = None,
    searchable: bool = False,
    visible_to: ColumnRule | None = None,
    scope_role: ScopeRole | None = None,
) -> DjangoColumn:
    """A column of `catalog_for` with more than its path.

    `name` is the name in payloads, by default the path. `label` is the text in the header, by default made of the
    ``verbose_name`` of each field on the path. `visible_to` says, for an actor, whether the column exists for them.
    `scope_role` is the part of a view's scope that restricts this column of keys.

    Raises:
        ConfigurationError: the path is not a text, or `visible_to` is not a function.
    """
    if not isinstance(path, str):
        raise ConfigurationError(
            f"catalog_for: a column is the path of a field, such as 'assignee__email', not {type(path).__name__}"
        )
    require_rule(f"catalog_for: the column {path!r}", visible_to, None)
    return DjangoColumn(
        path=path,
        name=path if name is None else name,
        label=label,
        searchable=searchable,
        visible_to=visible_to,
        scope_role=scope_role,
    )


def as_columns(given: Iterable[str | DjangoColumn]) -> list[DjangoColumn]:
    """Return each of `given` as a column.

    Raises:
        ConfigurationError: one is neither a path nor a column, or there are none.
    """
    if isinstance(given, str):
        raise ConfigurationError(f"catalog_for: columns is a list of paths, not a text; use columns=[{given!r}]")
    columns = [each if isinstance(each, DjangoColumn) else column(each) for each in given]
    if not columns:
        raise ConfigurationError("catalog_for: columns is empty; name at least one field")
    return columns
