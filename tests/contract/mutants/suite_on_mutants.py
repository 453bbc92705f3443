"""The contract on every mutant, in a class of its own; `test_mutants` runs this module, and knows what must fail."""

from __future__ import annotations

import pytest

from tests.contract.mutants import test_faithful_storage
from tests.contract.mutants.all_mutants import MUTANTS
from tests.contract.mutants.mutated_plugins import FolderPlugin

link_port = test_faithful_storage.link_port
site = test_faithful_storage.site

_failed_before: dict[str, int] = {}


@pytest.fixture(autouse=True)
def skip_after_first_failure(request: pytest.FixtureRequest) -> None:
    """One failing case of a test shows that the test notices the mutant."""
    test = request.node.nodeid.partition("[")[0]
    # The cases of a test run one after another.
    if request.session.testsfailed > _failed_before.setdefault(test, request.session.testsfailed):
        pytest.skip("a case of this test has failed")


def _suite(name: str) -> type:
    is_folder = issubclass(MUTANTS[name][0], FolderPlugin)
    return test_faithful_storage.TestFolderPlugin if is_folder else test_faithful_storage.TestFaithfulStorage


globals().update({f"Test{name}": type(f"Test{name}", (_suite(name),), {"mutant": name}) for name in MUTANTS})
