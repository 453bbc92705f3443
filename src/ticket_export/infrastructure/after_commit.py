"""The actions that follow the commit of a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


class AfterCommitActions:
    """Collects actions, and calls each at most once."""

    def __init__(self) -> None:
        self._actions: list[Callable[[], None]] = []

    @property
    def has_some(self) -> bool:
        """Whether there are actions."""
        return bool(self._actions)

    def add(self, action: Callable[[], None]) -> None:
        """Add an action."""
        self._actions.append(action)

    def extend(self, actions: Iterable[Callable[[], None]]) -> None:
        """Add several actions."""
        self._actions.extend(actions)

    def take(self) -> Sequence[Callable[[], None]]:
        """Remove the actions, and return them; the caller calls them."""
        actions, self._actions = self._actions, []
        return actions

    def run(self) -> None:
        """Call the actions in their order. If one raises, the rest are dropped."""
        for action in self.take():
            action()

    def drop(self) -> None:
        """Drop the actions, since the transaction was undone."""
        self.take()
