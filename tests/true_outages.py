"""Tests that let a store be away for as long as it says, and take minutes."""

from __future__ import annotations

import os
from typing import Final

import pytest

#: Set by ``make test-stores``.
VARIABLE: Final = "TICKET_EXPORT_TEST_STORES"

#: Marks a test that `make test-stores` alone runs.
needs_true_outages: Final = pytest.mark.skipif(
    VARIABLE not in os.environ, reason="takes minutes: run `make test-stores`"
)
