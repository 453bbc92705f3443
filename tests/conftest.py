"""The fixtures that all tests share, and how thoroughly Hypothesis searches.

``HYPOTHESIS_PROFILE=thorough`` is for more than the everyday.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.postgresql_server", "tests.s3_fixtures"]

# A shell without job control starts what goes on in the background with SIGINT ignored, and processes inherit that.
# Tests interrupt themselves and the processes that they start, so it is as Python has it here, and in those.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a busy machine is not a defect. On CI the search is the same in every run.
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", parent=settings.get_profile("ci"), max_examples=2_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# They kill processes, or run through thousands of crashes: measured, they would take twice as long.
_WITHOUT_COVERAGE = (Path(__file__).with_name("chaos"), Path(__file__).with_name("crashes"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not set(_WITHOUT_COVERAGE).isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.no_cover)
