"""A help desk with tickets, for every test its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import attrs
import pytest

from tests.e2e.command_line import run_command

TICKETS = 400


@attrs.frozen
class HelpDesk:
    """A folder with a database; exports go to a storage in it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "help-desk.db"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "TICKET_EXPORT_DATABASE_URL": f"sqlite:///{self.database}",
            "TICKET_EXPORT_STORAGE_URL": (self.folder / "storage").as_uri(),
        }

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Commands that run in this process work on it."""
        patch.chdir(self.folder)
        for name in [name for name in os.environ if name.startswith("TICKET_EXPORT_")]:
            patch.delenv(name)
        for name, value in self.settings.items():
            patch.setenv(name, value)


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = HelpDesk(tmp_path_factory.mktemp("help-desk"))
    with pytest.MonkeyPatch.context() as patch:
        home.enter(patch)
        for command in (("migrate", "--reference-schema"), ("sample-data", "--tickets", str(TICKETS))):
            ended = run_command(*command)
            assert ended.exit_code == 0, ended.err
    return home.database


@pytest.fixture
def help_desk(filled_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HelpDesk:
    """Commands that run in this process work on it."""
    home = HelpDesk(tmp_path)
    shutil.copy(filled_database, home.database)
    home.enter(monkeypatch)
    return home
