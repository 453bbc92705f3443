from __future__ import annotations

import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk


@pytest.fixture
def desk() -> HelpDesk:
    return HelpDesk()
