from __future__ import annotations

import pytest

from tests.unit.infrastructure.metrics.measured_desk import MeasuredDesk


@pytest.fixture
def measured() -> MeasuredDesk:
    return MeasuredDesk()
