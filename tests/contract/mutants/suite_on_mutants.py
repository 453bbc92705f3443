"""The contract on every mutant, in a class of its own; `test_mutants` runs this module, and knows what must fail."""

from __future__ import annotations

from tests.contract.mutants import test_faithful_storage
from tests.contract.mutants.all_mutants import MUTANTS
from tests.contract.mutants.mutated_plugins import FolderPlugin

link_port = test_faithful_storage.link_port
site = test_faithful_storage.site


def _suite(name: str) -> type:
    is_folder = issubclass(MUTANTS[name][0], FolderPlugin)
    return test_faithful_storage.TestFolderPlugin if is_folder else test_faithful_storage.TestFaithfulStorage


globals().update({f"Test{name}": type(f"Test{name}", (_suite(name),), {"mutant": name}) for name in MUTANTS})
