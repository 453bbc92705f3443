"""All mutants, and the entry point of an installed package that opens the one that a variable names."""

from __future__ import annotations

from typing import Any

from tests.contract.mutants import further_mutants, mutated_plugins, mutated_storages, rarer_mutants
from tests.contract.mutants.registered_mutants import MUTANT, MUTANTS, mutant_or_faithful
from ticket_export.settings import Settings

__all__ = [
    "MUTANT",
    "MUTANTS",
    "FromUrl",
    "further_mutants",
    "mutant_or_faithful",
    "mutated_plugins",
    "mutated_storages",
    "rarer_mutants",
]


class FromUrl:
    """The entry point."""

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> Any:
        return mutant_or_faithful().from_url(url, settings)
