"""The folder of the demo, and the commands that work on it."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from fcntl import LOCK_EX, LOCK_NB, flock
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO
from uuid import UUID

import attrs

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.output.standard_streams import printable
from ticket_export.infrastructure.private_files import PRIVATE_FILE, make_private_folders
from ticket_export.settings import Settings

_MARK = ".ticket-export-demo"
_OWN_FILES = ("help-desk.db", "help-desk.db-wal", "help-desk.db-shm", "tickets.csv")
_STORAGE = "storage"
_RECORDS = 6


@attrs.frozen
class DemoFolder:
    """A folder that holds the database, the storage and the exported file."""

    path: Path
    replaces_earlier: bool = False

    @classmethod
    def prepare(cls, folder: str, resources: ExitStack) -> DemoFolder:
        """Return a folder that is new, empty, or that of an earlier demo, whose files are deleted.

        No other demo can use it until `resources` are closed.

        Raises:
            BadInputError: it holds other files, cannot be created, or another demo uses it.
        """
        try:
            path = Path(folder).resolve()
            if "?" in str(path):
                raise BadInputError("--folder", f"{path} has a question mark, which no database URL can hold")
            if path.exists() and not path.is_dir():
                raise BadInputError("--folder", f"{folder} is not a folder")
            make_private_folders(path)
            if any(path.iterdir()) and not (path / _MARK).exists():
                raise BadInputError("--folder", f"{folder} holds other files; name one that is new or empty")
            replaces_earlier = (path / _MARK).exists()
            (path / _MARK).touch(PRIVATE_FILE)
            _lock(resources.enter_context((path / _MARK).open("ab")), folder)
            for name in _OWN_FILES:
                (path / name).unlink(missing_ok=True)
            if (path / _STORAGE).exists():
                shutil.rmtree(path / _STORAGE)
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BadInputError("--folder", f"{folder} cannot be used: {reason}") from error
        return cls(path, replaces_earlier)

    @property
    def csv_file(self) -> Path:
        """The exported file."""
        return self.path / "tickets.csv"

    def container(self) -> TicketExportContainer:
        """Return a container with default settings, except that its database and storage are in this folder."""
        container = TicketExportContainer()
        # Not read from the environment: a demo is the same everywhere and changes no other database.
        settings = Settings.model_construct(database_url=self._database_url, storage_url=self._storage_url)
        container.settings.override(settings)
        return container

    def first_lines(self) -> str:
        """Return the first records of the exported file, one a line."""
        with self.csv_file.open(encoding="utf-8-sig", newline="\n") as stream:
            return "\n".join(printable(record) for record in islice(_records(stream), _RECORDS))

    def next_commands(self, job_id: UUID) -> str:
        """Return the commands to type next, in a POSIX shell."""
        command = _this_command()
        return "\n".join(
            (
                "Next, try:",
                f"  export TICKET_EXPORT_DATABASE_URL={shlex.quote(self._database_url)}",
                f"  export TICKET_EXPORT_STORAGE_URL={shlex.quote(self._storage_url)}",
                f"  {command} columns",
                f"  {command} show {job_id} --as admin@example.test --json",
                f"  {command} export --columns id,title,tags --search vpn --as admin@example.test --output vpn.xlsx",
                f"  {command} request --columns id,title --filter status:eq:open --as staff@example.test",
                f"  {command} worker --drain",
                f"  {command} list --as admin@example.test",
            )
        )

    @property
    def _database_url(self) -> str:
        return f"sqlite:///{self.path / 'help-desk.db'}"

    @property
    def _storage_url(self) -> str:
        return (self.path / _STORAGE).as_uri()


def _lock(mark: BinaryIO, folder: str) -> None:
    try:
        flock(mark, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise BadInputError("--folder", f"another demo uses {folder}; stop it, or name another folder") from None


def _records(stream: TextIO) -> Iterator[str]:
    record = ""
    for line in stream:
        record += line
        # A line feed between quotes is part of a value; a quote in a value is doubled.
        if record.count('"') % 2 == 0:
            yield record.removesuffix("\n")
            record = ""


def _this_command() -> str:
    # As it was called, unless the name alone is enough for the shell.
    called = Path(sys.argv[0])
    found = shutil.which("ticket-export")
    if called.name != "ticket-export":
        return shlex.join((sys.executable, "-m", "ticket_export.entrypoints.cli"))
    if found and Path(found).resolve() == called.resolve():
        return "ticket-export"
    return shlex.quote(str(called.absolute()))
