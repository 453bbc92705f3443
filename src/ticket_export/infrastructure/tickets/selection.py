"""The tickets that the selection of a view stands for, in their order."""

from __future__ import annotations

import attrs
from sqlalchemy import func, select
from sqlalchemy.sql.selectable import SelectBase

from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.view_context import NO_SELECTIONS
from ticket_export.errors import ConfigurationError, StaleViewError, TicketExportError
from ticket_export.infrastructure.tickets.catalog import TicketCatalog

_NAME = "ticket catalog: the function of selections (selected_by)"
_COLUMNS = 2


def require_selection(catalog: TicketCatalog, actor: Actor, selection: str) -> None:
    """Refuse a selection that the catalog cannot resolve for the actor.

    Raises:
        ValueError: there is no such selection; the message is for the user.
        ConfigurationError: the function of the host failed.
    """
    _resolved(catalog, actor, selection)


def selected(catalog: TicketCatalog, actor: Actor, selection: str) -> TicketCatalog:
    """Return a catalog of those tickets that the selection stands for, which knows the place of each.

    A ticket that the host's list has twice stays one row, at its first place.

    Raises:
        ValueError, ConfigurationError: as `require_selection` does.
    """
    chosen = _resolved(catalog, actor, selection).subquery()
    ticket, place = chosen.c
    once = select(ticket.label("ticket"), func.min(place).label("place")).group_by(ticket).subquery("selected")
    return attrs.evolve(
        catalog, tables=catalog.tables.join(once, once.c.ticket == catalog.id), place=once.c.place, selected_by=None
    )


def selected_of(catalog: TicketCatalog, query: TicketQuery) -> TicketCatalog:
    """Return the catalog of the tickets that the view's selection stands for, or `catalog` if it has no selection.

    Raises:
        StaleViewError: there is no such selection any more.
        ConfigurationError: the function of the host failed.
    """
    if query.selection is None:
        return catalog
    try:
        return selected(catalog, query.actor, query.selection)
    except ValueError as error:
        if isinstance(error, TicketExportError):
            raise
        raise StaleViewError(f"The view no longer fits the tickets: selection: {error}") from error


def _resolved(catalog: TicketCatalog, actor: Actor, selection: str) -> SelectBase:
    if catalog.selected_by is None:
        raise ValueError(NO_SELECTIONS)
    try:
        found: object = catalog.selected_by(actor, selection)
    except (ValueError, TicketExportError):
        raise
    except Exception as error:
        # Its text may hold data.
        raise ConfigurationError(f"{_NAME} raised {type(error).__name__}") from error
    if not isinstance(found, SelectBase) or len(found.selected_columns) != _COLUMNS:
        raise ConfigurationError(f"{_NAME} did not return a SELECT of two columns: the id of a ticket and its place")
    return found
