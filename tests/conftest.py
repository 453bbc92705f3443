"""The fixtures that all tests share, how long Hypothesis searches, and which tests are measured.

``HYPOTHESIS_PROFILE=thorough`` searches longer than the everyday profile.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.broker_fixtures",
    "tests.contract.ran_stores",
    "tests.django.in_process",
    "tests.postgresql_server",
    "tests.s3_fixtures",
    "tests.stores.azurite",
    "tests.stores.fake_gcs",
    "tests.stores.moto",
    "tests.stores.openssh",
]

# A shell without job control starts background processes with SIGINT ignored, and their children inherit that. Tests
# interrupt themselves and the processes that they start, so SIGINT gets the handler that Python usually gives it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a busy machine is not a defect. On CI every run searches the same examples.
settings.register_profile(
    "everyday",
    max_examples=50,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", parent=settings.get_profile("everyday"), max_examples=2_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))

# Coverage takes two thirds more time. These tests run the same lines many times, with other values or other faults,
# and tests beside them run those lines too; or they kill processes.
_WITHOUT_COVERAGE = {
    Path(__file__).parent / name
    for name in (
        "chaos",
        "contract/mutants",
        "contract/test_column_types.py",
        "contract/test_same_bytes.py",
        "crashes",
        "django/browser",
        "endings",
        "integration/hostile",
        "integration/real_tickets",
        "integration/s3/test_faulty_endings.py",
        "integration/s3/test_faulty_exports.py",
        "integration/s3/test_faulty_upkeep.py",
        "rights",
        "web/browser",
    )
}
# With this variable, as in `make test`, every fifth case of these tests is run; on CI, all of them are.
SAMPLE = "TICKET_EXPORT_TEST_SAMPLE"
_EVERY_FIFTH = 5
# The lines of the library are the same on the second release of PostgreSQL.
_SECOND_RELEASE = "installed_postgresql_server"


@pytest.fixture(scope="session", autouse=True)
def _folders_of_nested_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let runs of pytest that tests start have their temporary folders here.

    At its end, a run deletes those of all runs but the last three: after a run of all tests, so many files that a test
    which starts pytest seemed to hang on a busy machine.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path_factory.mktemp("nested")))
        yield


def pytest_report_header() -> str | None:
    if not os.environ.get(SAMPLE):
        return None
    return "of tests that try every fault or value, every fifth case is run; `make test EVERY_CASE=1` runs them all"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    cases = Counter[str]()
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        # Not `in`: a parameter may be a SQLAlchemy attribute, whose comparison raises.
        is_second = any(isinstance(each, str) and each == _SECOND_RELEASE for each in parameters.values())
        if not is_second and _WITHOUT_COVERAGE.isdisjoint([item.path, *item.path.parents]):
            kept.append(item)
            continue
        item.add_marker(pytest.mark.no_cover)
        test = item.nodeid.partition("[")[0]
        is_left_out = os.environ.get(SAMPLE) and parameters and cases[test] % _EVERY_FIFTH
        cases[test] += 1
        (left_out if is_left_out else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Keep Python's garbage collector from what lives as long as the process: the modules, and 13,000 tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
