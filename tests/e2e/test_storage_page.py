"""docs/storage-plugins.md is short, and the storage of a folder that it shows keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.documents import ROOT, blocks
from ticket_export import Settings
from ticket_export.testing import StorageContract

_PAGE = ROOT / "docs" / "storage-plugins.md"


def test_page_has_at_most_300_lines() -> None:
    assert len(_PAGE.read_text(encoding="utf-8").splitlines()) <= 300


class TestFolderStorage(StorageContract[Any]):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Any:
        (block,) = [each for each in blocks(_PAGE) if "class FolderStorage" in each.text]
        shown: dict[str, Any] = {"__name__": "shown"}
        exec(compile(block.text, str(block), "exec"), shown)
        return shown["FolderStorage"].from_url(f"folder:/{tmp_path}/exports", Settings())

    def put_behind(self, storage: Any, key: str, data: bytes) -> None:
        storage.make_folder()
        self._file(storage, key).write_bytes(data)

    def get_behind(self, storage: Any, key: str) -> bytes | None:
        file = self._file(storage, key)
        return file.read_bytes() if file.exists() else None

    def _file(self, storage: Any, key: str) -> Path:
        folder: Path = storage.client
        return folder / key.replace("/", "~")
