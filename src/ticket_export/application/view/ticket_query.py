"""A validated view in the form that a ticket source reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.view.conditions import Condition, IsOneOf, fold
from ticket_export.application.view.filter_conditions import filter_condition
from ticket_export.application.view.filter_operators import Operator
from ticket_export.application.view.filter_values import parse_ids
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ScopeRole, TicketColumn, TicketColumns
from ticket_export.errors import StaleViewError


@attrs.frozen
class Search:
    """At least one of `columns` holds `needle`, both folded by `fold`."""

    needle: str
    columns: tuple[TicketColumn, ...]


@attrs.frozen(kw_only=True)
class TicketQuery:
    """The tickets and columns to read.

    A ticket is in the result if `actor` may see it, it was created at or before `as_of`, was not soft-deleted by then,
    and meets all `conditions`. Rows are ordered by `sort_column`, NULL last in both directions, then by the ticket's id
    in the same direction. `as_of` is aware UTC; times are shown in `time_zone`.

    With a `selection`, a ticket must also be in the list that the ticket source knows by this text. The place in that
    list then stands for the id in the order of rows.
    """

    actor: Actor
    columns: tuple[TicketColumn, ...]
    as_of: datetime
    conditions: tuple[Condition, ...] = ()
    search: Search | None = None
    sort_column: TicketColumn | None = None
    descending: bool = False
    selection: str | None = None
    time_zone: tzinfo = UTC

    @classmethod
    def of(
        cls,
        payload: object,
        columns: TicketColumns,
        *,
        actor: Actor,
        as_of: datetime,
        selections: Callable[[str], None] | None = None,
    ) -> TicketQuery:
        """Return the query of the view `payload` on `columns`, which are those of `actor`, at the moment `as_of`.

        `selections` is the check of `selection_check`.

        Raises:
            InvalidPayloadError: the view does not fit the columns.
        """
        return cls.of_view(read_view(payload, columns, selections=selections), columns, actor=actor, as_of=as_of)

    @classmethod
    def of_view(
        cls, view: ExportSnapshotPayload, columns: TicketColumns, *, actor: Actor, as_of: datetime
    ) -> TicketQuery:
        """Return the query of a view that `read_view` has checked against these columns."""
        known = {column.name: column for column in columns}
        zone = ZoneInfo(view.time_zone) if view.time_zone else UTC
        chosen = tuple(known[name] for name in view.columns)
        filters = tuple(
            filter_condition(known[each.field], Operator(each.operator), each.value, as_of=as_of, zone=zone)
            for each in view.filters
        )
        searched = tuple(column for column in chosen if column.searchable)
        return cls(
            actor=actor,
            columns=chosen,
            as_of=as_of,
            conditions=filters + _scope_conditions(view, columns),
            search=Search(fold(view.search_term), searched) if view.search_term else None,
            sort_column=known[view.sort_field] if view.sort_field else None,
            descending=view.sort_direction == "desc",
            selection=view.selection,
            time_zone=zone,
        )

    def require_columns(self, columns: TicketColumns) -> None:
        """Refuse the query if it names a column that is not one of `columns`, which are those of its actor.

        A ticket source calls this, so that a mistake of a caller cannot show or search a hidden column.

        Raises:
            StaleViewError: it names such a column.
        """
        conditions = (condition.column for condition in self.conditions)
        searched = self.search.columns if self.search else ()
        sorted_by = (self.sort_column,) if self.sort_column else ()
        named = (*self.columns, *conditions, *searched, *sorted_by)
        if any(columns.find(column.name) is None for column in named):
            raise StaleViewError("The view names a column that its requester may not see.")


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
        # `read_view` has refused a scope without a column.
        if value is not None and (column := columns.find_scope(role)) is not None
    )
