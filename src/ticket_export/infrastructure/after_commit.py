"""What is to happen once a transaction is permanent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


class AfterCommitActions:
    """Collected actions; each is called at most once."""

    def __init__(self) -> None:
        self._actions: list[Callable[[], None]] = []

    @property
    def has_some(self) -> bool:
        """Whether there is something to call."""
        return bool(self._actions)

    def add(self, action: Callable[[], None]) -> None:
        """Call `action` with the next `run`."""
        self._actions.append(action)

    def extend(self, actions: Iterable[Callable[[], None]]) -> None:
        """Call them with the next `run`."""
        self._actions.extend(actions)

    def take(self) -> Sequence[Callable[[], None]]:
        """Hand them over to somebody else, who calls them."""
        actions, self._actions = self._actions, []
        return actions

    def run(self) -> None:
        """Call them in the order in which they came; an error of one ends the rest."""
        for action in self.take():
            action()

    def drop(self) -> None:
        """Forget them: what they wait for was undone."""
        self.take()
