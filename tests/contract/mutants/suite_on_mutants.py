"""The contract on every mutant, in a class of its own; `test_mutants` runs this module, and knows what must fail."""

from __future__ import annotations

from tests.contract.mutants import test_faithful_storage
from tests.contract.mutants.mutated_storages import MUTANTS

link_port = test_faithful_storage.link_port
site = test_faithful_storage.site

globals().update(
    {
        f"Test{name}": type(f"Test{name}", (test_faithful_storage.TestFaithfulStorage,), {"mutant": name})
        for name in MUTANTS
    }
)
