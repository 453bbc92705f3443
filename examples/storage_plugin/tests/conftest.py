"""A home folder and a server that is known there, for every test its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sftp_server import PASSWORD, SftpServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ``~/.ssh`` is looked for, and ``.env``."""
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
