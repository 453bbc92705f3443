from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.processes.desk import Desk, opened
from tests.silent_proxy import SilentProxy, silent_proxy


@pytest.fixture
def desk(postgresql_url: str, tmp_path: Path) -> Iterator[Desk]:
    """On PostgreSQL."""
    with opened(postgresql_url, tmp_path) as desk:
        yield desk


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[SilentProxy]:
    """A way to the desk's database that can be cut."""
    with silent_proxy(postgresql_url) as proxy:
        yield proxy
