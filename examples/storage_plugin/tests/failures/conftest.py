"""A server that can fail, and a home folder whose user knows it, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sftp_server import PASSWORD, SftpServer, serving


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of ``~/.ssh`` and of ``.env``."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TICKET_EXPORT_SFTP_PASSWORD", PASSWORD)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[SftpServer]:
    served = tmp_path / "served"
    served.mkdir()
    with serving(served, home / ".ssh" / "known_hosts") as server:
        yield server
