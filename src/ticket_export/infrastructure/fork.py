"""Connections and locks that a forked process must not share with its parent."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeVar
from weakref import WeakMethod, WeakSet

from sqlalchemy import Engine, Pool, QueuePool

_engines: WeakSet[Engine] = WeakSet()
_renewals: list[WeakMethod[Callable[[], None]]] = []
# A child never closes the connections of its parent: closing would end the session on the server, and SQLite forbids it
# (https://www.sqlite.org/howtocorrupt.html, "Carrying an open database connection across a fork").
_pools_of_parents: list[Pool] = []


class Renewable(Protocol):
    """An object that a forked process must bring into its first state."""

    def renew(self) -> None:
        """Bring it into its first state, without waiting for a lock."""


R = TypeVar("R", bound=Renewable)


def part_from_parent(engine: Engine) -> None:
    """Give every process that is forked from now on an empty pool of `engine`.

    A pool that never opens a second connection, such as the pool of an in-memory database, stays as it is.
    """
    if isinstance(engine.pool, QueuePool):
        _engines.add(engine)


def renew_in_children(renew: Callable[[], None]) -> None:
    """Call `renew`, a bound method, in every process that is forked while its object lives.

    It must not wait for a lock: the thread that holds the lock does not exist in the child.
    """
    _renewals[:] = [*(each for each in _renewals if each() is not None), WeakMethod(renew)]


def renewed_in_children(renewable: R) -> R:
    """Return `renewable`, whose `renew` is called in every process that is forked while it lives."""
    renew_in_children(renewable.renew)
    return renewable


def hold_while_forking(lock: AbstractContextManager[object]) -> None:
    """Take `lock` before every fork from now on, so that the child never finds it locked by another thread."""
    if hasattr(os, "register_at_fork"):
        release = partial(lock.__exit__, None, None, None)
        os.register_at_fork(before=lock.__enter__, after_in_parent=release, after_in_child=release)


def _after_fork_in_child() -> None:
    for engine in tuple(_engines):
        _pools_of_parents.append(engine.pool)
        engine.dispose(close=False)
    for each in _renewals:
        if renew := each():
            renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
