"""The mutants of a storage by their names, each with the test of the contract that must notice it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tests.contract.mutants.faithful_storage import FaithfulStorage

#: The variable with the name of the mutant that ``faithful://`` opens, in this process and its children.
MUTANT: Final = "TICKET_EXPORT_TEST_MUTANT"
#: The mutants by their names, each with the test that must fail.
MUTANTS: dict[str, tuple[type[Any], str]] = {}
#: The storages that mutants are made from, beside the faithful one.
SOUND: dict[str, type[Any]] = {}
M = TypeVar("M", bound=type[Any])


def mutant_or_faithful() -> type[Any]:
    """Return the class that the variable names."""
    name = os.environ.get(MUTANT)
    if not name:
        return FaithfulStorage
    return SOUND[name] if name in SOUND else MUTANTS[name][0]


def keeps_all(sound: M) -> M:
    """Name a storage that breaks no promise, and that mutants are made from."""
    SOUND[sound.__name__] = sound
    return sound


def breaks(promise: str) -> Callable[[M], M]:
    """Name the test that must fail."""

    def register(mutant: M) -> M:
        assert mutant.__doc__
        MUTANTS[mutant.__name__] = mutant, promise
        return mutant

    return register
