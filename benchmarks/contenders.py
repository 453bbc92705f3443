"""Who takes part, as commands."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from benchmarks.query import COLUMNS, SQL

if TYPE_CHECKING:
    from benchmarks.measure import Run

from benchmarks import measure

TICKET_EXPORT = str(Path(sys.executable).with_name("ticket-export"))


@attrs.frozen
class HelpDesk:
    """A filled database and a folder to write into."""

    database: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TICKET_EXPORT_DATABASE_URL": f"sqlite:///{self.database}",
            "TICKET_EXPORT_STORAGE_URL": (self.folder / "exports").as_uri(),
        }


def ticket_export(desk: HelpDesk, file: Path) -> Run:
    """The whole way: request, run in a worker's manner, store durably, download to `file`."""
    command = [TICKET_EXPORT, "export", "--columns", ",".join(COLUMNS), "--sort", "creationTime:desc"]
    command += ["--as", "admin@example.test", "--output", str(file)]
    return measure.run(command, environment=desk.environment)


def sqlite_shell(desk: HelpDesk, file: Path) -> Run:
    """``sqlite3 -csv``, which writes the rows and nothing else: no guard, no job, no second copy."""
    command = ["sqlite3", "-readonly", "-header", "-csv", str(desk.database), SQL]
    return measure.run(command, environment={}, output=file)


def pandas(desk: HelpDesk, file: Path) -> Run:
    """``read_sql`` and ``to_csv``."""
    return measure.run(_peer("pandas_export", desk, file), environment={})


def django_import_export(desk: HelpDesk, file: Path) -> Run:
    """A ``ModelResource``."""
    return measure.run(_peer("django_export", desk, file), environment={})


def _peer(module: str, desk: HelpDesk, file: Path) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.peers.{module}", str(desk.database), str(file)]


CONTENDERS = {
    "ticket-export": ticket_export,
    "sqlite3 shell": sqlite_shell,
    "pandas": pandas,
    "django-import-export": django_import_export,
}


def missing() -> str | None:
    """What must be installed first, or None."""
    return None if shutil.which("sqlite3") else "the sqlite3 shell is not installed (Debian: apt-get install sqlite3)"
