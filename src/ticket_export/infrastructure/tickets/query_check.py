"""What the database, and the rules of the host, say about the query of a catalog. No row is read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import uuid4

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.checks.guarded import configuration_findings
from ticket_export.application.finding import Finding, error
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EVERY_ROW
from ticket_export.errors import ConfigurationError, TicketSourceError, TicketsUnavailableError
from ticket_export.infrastructure.tickets.catalog import TicketCatalog

_log = logging.getLogger(__name__)

#: Lets the database check a query of a catalog.
Prepare: TypeAlias = Callable[[TicketCatalog, TicketQuery], None]

_WHERE: Final = "catalog"
_SHOW: Final = "correct the expression; ticket-export --debug check shows the database's own message"
#: A made-up actor for each type of key.
_NOBODIES: Final = (Actor(user_id=uuid4()), Actor(user_id=-1), Actor(user_id="nobody"))
_RULE: Final = (
    "return a SQL condition or EVERY_ROW (a column's rule: True or False) for every user; the facts that a rule needs "
    "come from Actor(attributes=…) of your user directory"
)


def query_problems(catalog: TicketCatalog, prepare: Prepare) -> Iterator[Finding]:
    """Prepare the query of all columns, without the rules. If the database refuses it, find the refused expression."""
    columns = tuple(catalog.describe())
    without_rules = attrs.evolve(
        catalog, visible_to=EVERY_ROW, columns=[attrs.evolve(each, visible_to=None) for each in catalog.columns]
    )
    try:
        prepare(without_rules, _query(columns))
    except ConfigurationError as raised:
        _log.info("the catalog cannot be used", exc_info=True)
        yield from configuration_findings(_WHERE, raised)
    except TicketsUnavailableError:
        raise
    except TicketSourceError:
        _log.info("the database refuses the query of the catalog", exc_info=True)
        refused = [column for column in columns if _is_refused(prepare, without_rules, column)]
        yield from _refused(refused, of=len(columns))


def rule_problems(catalog: TicketCatalog, actors: Sequence[Actor], prepare: Prepare) -> Iterator[Finding]:
    """Evaluate the rules for each of `actors`, or for made-up actors if there are none.

    A rule may need facts that a made-up actor does not have, so an error that a rule raises for that actor counts for
    nothing. PostgreSQL does not compare a column with a key of another type, so only what is wrong for every type of
    key is a finding.
    """
    for actor in actors:
        yield from _rule_problems_of(actor, catalog, prepare)
    if not actors:
        found = [[*_rule_problems_of(each, catalog, prepare, is_made_up=True)] for each in _NOBODIES]
        if all(found):
            yield from found[0]


def _rule_problems_of(
    actor: Actor, catalog: TicketCatalog, prepare: Prepare, *, is_made_up: bool = False
) -> Iterator[Finding]:
    try:
        columns = tuple(catalog.visible_to_actor(actor).columns)
        if columns:
            prepare(catalog, _query(columns, actor))
    except ConfigurationError as raised:
        if not is_made_up or raised.__cause__ is None:
            _log.info("a rule of the catalog cannot be used", exc_info=True)
            yield from configuration_findings(_WHERE, raised, remedy=_RULE)
    except TicketsUnavailableError:
        raise
    except TicketSourceError:
        _log.info("the database refuses the row rule of the catalog", exc_info=True)
        yield error(_WHERE, "the database refuses the condition of the row rule (visible_to)", _SHOW)


def _refused(columns: Iterable[TicketColumn], *, of: int) -> Iterator[Finding]:
    refused = list(columns)
    # Each query also has the catalog's tables and conditions.
    if len(refused) == of > 1:
        yield error(_WHERE, "the database refuses the tables, or created_at, is_deleted or deleted_at", _SHOW)
        return
    for column in refused:
        yield error(_WHERE, f"the database refuses the expression of the column {column.name!r}", _SHOW)


def _is_refused(prepare: Prepare, catalog: TicketCatalog, column: TicketColumn) -> bool:
    # On PostgreSQL, the types of all columns of a catalog are read first.
    alone = attrs.evolve(catalog, columns=[each for each in catalog.columns if each.column.name == column.name])
    try:
        prepare(alone, _query((column,)))
    except TicketSourceError:
        return True
    return False


def _query(columns: tuple[TicketColumn, ...], actor: Actor | None = None) -> TicketQuery:
    return TicketQuery(actor=actor or _NOBODIES[0], columns=columns, as_of=datetime.now(UTC))
