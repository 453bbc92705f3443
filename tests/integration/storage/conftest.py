from __future__ import annotations

from pathlib import Path

import pytest

from ticket_export.infrastructure.storage.local.storage import LocalStorage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "exports-root"


@pytest.fixture
def storage(root: Path) -> LocalStorage:
    return LocalStorage(root)
