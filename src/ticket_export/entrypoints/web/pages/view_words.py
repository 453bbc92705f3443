"""The filters, search and scope of a view in words, with the labels that users know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote_plus

from markupsafe import Markup

from ticket_export.application.dto import ColumnDto
from ticket_export.application.view.filter_operators import Operator, find_operator
from ticket_export.application.view.filter_values import split_values
from ticket_export.application.view.snapshot import ExportFilter, ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ColumnKind, ScopeRole
from ticket_export.entrypoints.web.pages.language import Language, msgid, msgids

# More values than these are only counted; a filter may have 500.
_SHOWN_VALUES: Final = 8

# Characters; a selection may have thousands.
_SHOWN_SELECTION: Final = 200

_SENTENCES: Final[Mapping[str, str]] = {
    Operator.EQ: msgid("%(column)s is %(value)s"),
    Operator.NEQ: msgid("%(column)s is not %(value)s"),
    Operator.CONTAINS: msgid("%(column)s contains %(value)s"),
    Operator.NOT_CONTAINS: msgid("%(column)s does not contain %(value)s"),
    Operator.STARTS_WITH: msgid("%(column)s starts with %(value)s"),
    Operator.NOT_STARTS_WITH: msgid("%(column)s does not start with %(value)s"),
    Operator.ENDS_WITH: msgid("%(column)s ends with %(value)s"),
    Operator.NOT_ENDS_WITH: msgid("%(column)s does not end with %(value)s"),
    Operator.IS_EMPTY: msgid("%(column)s is empty"),
    Operator.IS_NOT_EMPTY: msgid("%(column)s is not empty"),
    Operator.IS_ANY_OF: msgid("%(column)s is %(value)s"),
    Operator.IS_NONE_OF: msgid("%(column)s is not %(value)s"),
    Operator.GT: msgid("%(column)s is more than %(value)s"),
    Operator.GTE: msgid("%(column)s is %(value)s or more"),
    Operator.LT: msgid("%(column)s is less than %(value)s"),
    Operator.LTE: msgid("%(column)s is %(value)s or less"),
    Operator.IS: msgid("%(column)s is %(value)s"),
    Operator.IS_BEFORE: msgid("%(column)s is before %(value)s"),
    Operator.IS_AFTER: msgid("%(column)s is after %(value)s"),
    Operator.IS_ON_OR_BEFORE: msgid("%(column)s is on or before %(value)s"),
    Operator.IS_ON_OR_AFTER: msgid("%(column)s is on or after %(value)s"),
    Operator.IS_WITHIN_PAST_DAYS: msgid("%(column)s is within the past days: %(value)s"),
    Operator.IS_WITHIN_NEXT_DAYS: msgid("%(column)s is within the next days: %(value)s"),
    Operator.IS_TRUE: msgid("%(column)s is true"),
    Operator.IS_FALSE: msgid("%(column)s is false"),
}
_DAYS: Final[Mapping[str, tuple[str, str]]] = {
    Operator.IS_WITHIN_PAST_DAYS: msgids(
        "%(column)s is within the past day", "%(column)s is within the past %(value)s days"
    ),
    Operator.IS_WITHIN_NEXT_DAYS: msgids(
        "%(column)s is within the next day", "%(column)s is within the next %(value)s days"
    ),
}
# A number of days that is worth a plural has fewer digits.
_MOST_DIGITS: Final = 9
_ROLES: Final = {ScopeRole.TEAM: msgid("Team"), ScopeRole.ASSIGNEE: msgid("Assignee")}
_UNKNOWN: Final = "%(column)s %(operator)s %(value)s"


def words_of(view: ExportSnapshotPayload, columns: Sequence[ColumnDto], language: Language) -> list[Markup]:
    """Return what restricts the tickets of the view, one sentence each; none if it has all tickets."""
    return list(_words(view, columns, language))


def _words(view: ExportSnapshotPayload, columns: Sequence[ColumnDto], language: Language) -> Iterator[Markup]:
    by_name = {each.name.lower(): each for each in columns}
    for each in view.filters:
        yield _filter(each, by_name.get(each.field.lower()), language)
    if view.search_term:
        yield _sentence(language.gettext(msgid("Search for %(value)s")), value=view.search_term)
    if view.selection is not None:
        yield _sentence(language.gettext(msgid("Tickets of the list %(value)s")), value=shown_selection(view.selection))
    for role, value in _scopes(view):
        column = next((each for each in columns if each.scope_role is role), None)
        label = column.label if column else language.gettext(_ROLES[role])
        yield _sentence(language.gettext(_SENTENCES[Operator.EQ]), column=label, value=value)


def shown_selection(selection: str) -> str:
    """Return the text of a selection as users read it: an address in its parts, with its characters, and cut."""
    place, _, parameters = selection.partition("?")
    text = unquote_plus(f"{place}: {parameters.replace('&', ', ')}" if parameters else place)
    return text if len(text) <= _SHOWN_SELECTION else f"{text[: _SHOWN_SELECTION - 1]}…"


def _scopes(view: ExportSnapshotPayload) -> Iterator[tuple[ScopeRole, object]]:
    if view.scope and view.scope.team_id is not None:
        yield ScopeRole.TEAM, view.scope.team_id
    if view.scope and view.scope.assigned_to_user_id is not None:
        yield ScopeRole.ASSIGNEE, view.scope.assigned_to_user_id


def _filter(given: ExportFilter, column: ColumnDto | None, language: Language) -> Markup:
    kinds = [column.kind] if column else list(ColumnKind)
    operator = next((found for kind in kinds if (found := find_operator(given.operator, kind))), None)
    return _sentence(
        _UNKNOWN if operator is None else _template(operator, given.value or "", language),
        column=column.label if column else given.field,
        operator=given.operator,
        value=_values(given.value or "", operator, column, language),
    )


def _template(operator: Operator, value: str, language: Language) -> str:
    if operator in _DAYS and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return language.texts.ngettext(*_DAYS[operator], int(value))
    return language.gettext(_SENTENCES[operator])


def _values(text: str, operator: Operator | None, column: ColumnDto | None, language: Language) -> str:
    labels = {each.value.lower(): each.label for each in column.choices} if column else {}
    if operator is None or not operator.takes_many_values:
        return labels.get(text.lower(), text)
    try:
        values = split_values(text)
    except ValueError:
        return text
    shown = [labels.get(value.lower(), value) for value in values[:_SHOWN_VALUES]]
    if more := len(values) - len(shown):
        shown.append(language.ngettext("%(count)s more value", "%(count)s more values", more))
    return language.listed(shown)


def _sentence(text: str, **values: object) -> Markup:
    marked = {name: Markup("<bdi>{}</bdi>").format(str(value)) for name, value in values.items()}
    return Markup("{}").format(text) % marked
