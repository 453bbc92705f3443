"""An ability of a ticket source: the host has lists of tickets, and a view can name one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias, runtime_checkable

from ticket_export.application.actor import Actor
from ticket_export.application.ports.ticket_source import TicketSource

#: Raises `ValueError` for a selection that cannot be used.
SelectionCheck: TypeAlias = Callable[[str], None]


@runtime_checkable
class SupportsSelections(Protocol):
    """A ticket source that reads `TicketQuery.selection`.

    A selection is a text of the host's own, which a user may also make up. It stands for tickets in an order. It only
    narrows a view: the rules of rows and columns apply to it as to every view.
    """

    @abstractmethod
    def require_selection(self, actor: Actor, selection: str) -> None:
        """Refuse a selection that does not exist for this actor.

        `open` resolves the selection again, and raises `StaleViewError` where this raises `ValueError`.

        Raises:
            ValueError: there is no such selection for the actor; the message says why, and is shown to the user.
            ConfigurationError: a function of the host failed.
        """


def selection_check(source: TicketSource, actor: Actor) -> SelectionCheck | None:
    """Return the check of the actor's selections; None if the source has none."""
    return partial(source.require_selection, actor) if isinstance(source, SupportsSelections) else None
