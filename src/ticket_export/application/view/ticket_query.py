"""A validated view, in the terms that a ticket source answers."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import attrs

from ticket_export.application.view.conditions import Condition, IsOneOf, fold
from ticket_export.application.view.filter_conditions import filter_condition
from ticket_export.application.view.filter_operators import Operator
from ticket_export.application.view.filter_values import parse_ids
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ScopeRole, TicketColumn, TicketColumns


@attrs.frozen
class Search:
    """At least one of `columns` holds `needle`, both folded (`text_folding.fold`)."""

    needle: str
    columns: tuple[TicketColumn, ...]


@attrs.frozen(kw_only=True)
class TicketQuery:
    """What to read.

    Only tickets created up to `as_of` and not soft-deleted up to then are in it; all `conditions`
    hold. Rows are ordered by `sort_column`, NULL last in either direction, ties broken by the
    ticket's id in the same direction; without a `sort_column` by the id alone. `as_of` is aware UTC;
    times are shown in `time_zone`.
    """

    columns: tuple[TicketColumn, ...]
    as_of: datetime
    conditions: tuple[Condition, ...] = ()
    search: Search | None = None
    sort_column: TicketColumn | None = None
    descending: bool = False
    time_zone: tzinfo = UTC

    @classmethod
    def of(cls, payload: object, columns: TicketColumns, *, as_of: datetime) -> TicketQuery:
        """What the view `payload` asks of `columns`, as of that moment.

        Raises:
            InvalidPayloadError: the view does not fit the columns.
        """
        view = read_view(payload, columns)
        known = {column.name: column for column in columns}
        zone = ZoneInfo(view.time_zone) if view.time_zone else UTC
        chosen = tuple(known[name] for name in view.columns)
        filters = tuple(
            filter_condition(known[each.field], Operator(each.operator), each.value, as_of=as_of, zone=zone)
            for each in view.filters
        )
        return cls(
            columns=chosen,
            as_of=as_of,
            conditions=filters + _scope_conditions(view, columns),
            search=_search(view.search_term, chosen),
            sort_column=known[view.sort_field] if view.sort_field else None,
            descending=view.sort_direction == "desc",
            time_zone=zone,
        )


def _search(term: str | None, chosen: tuple[TicketColumn, ...]) -> Search | None:
    if term is None:
        return None
    return Search(fold(term), tuple(column for column in chosen if column.searchable))


def _scope_conditions(view: ExportSnapshotPayload, columns: TicketColumns) -> tuple[Condition, ...]:
    if view.scope is None:
        return ()
    wanted: dict[ScopeRole, object] = {
        ScopeRole.TEAM: view.scope.team_id,
        ScopeRole.ASSIGNEE: view.scope.assigned_to_user_id,
    }
    return tuple(
        IsOneOf(column, parse_ids((str(value),), column))
        for role, value in wanted.items()
        if value is not None and (column := columns.find_scope(role)) is not None
    )
