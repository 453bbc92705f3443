"""The contenders. Each run is a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import attrs
import psycopg

from benchmarks import measure
from benchmarks.measure import Run
from benchmarks.query import COLUMNS, select_of

TICKET_EXPORT = str(Path(sys.executable).with_name("ticket-export"))


@attrs.frozen
class HelpDesk:
    """A database, named by its SQLite file or its PostgreSQL URL, and a folder to write to."""

    database: Path | str
    folder: Path

    @property
    def url(self) -> str:
        return self.database if isinstance(self.database, str) else f"sqlite:///{self.database}"

    @property
    def storage(self) -> Path:
        return self.folder / "exports"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TICKET_EXPORT_DATABASE_URL": self.url,
            "TICKET_EXPORT_STORAGE_URL": self.storage.as_uri(),
        }


#: Writes the view's rows into the file.
Contender: TypeAlias = Callable[[HelpDesk, Path], Run]


def ticket_export(desk: HelpDesk, file: Path) -> Run:
    """From the request to the committed job, with the file in the storage, in a worker that is already running."""
    return started_worker(desk, file)


def ticket_export_unguarded(desk: HelpDesk, file: Path) -> Run:
    """The same without the formula guard."""
    return started_worker(desk, file, settings={"TICKET_EXPORT_FORMULA_GUARD": "false"})


def ticket_export_with_metrics(desk: HelpDesk, file: Path) -> Run:
    """The first one with metrics, which are collected every second."""
    return started_worker(desk, file, "--metrics", settings={"TICKET_EXPORT_METRICS": "opentelemetry"})


def ticket_export_by_team(desk: HelpDesk, file: Path) -> Run:
    """The first one, in a catalog whose row rule shows the tickets of half of the teams."""
    return started_worker(desk, file, *(f"--team={team}" for team in _half_of_the_teams(desk)))


def ticket_export_command(desk: HelpDesk, file: Path) -> Run:
    """Start the command, request, run as a worker does, store durably, download to `file`."""
    command = [TICKET_EXPORT, "export", "--columns", ",".join(COLUMNS), "--sort", "creationTime:desc"]
    command += ["--as", "admin@example.test", "--output", str(file)]
    return measure.run(command, environment=desk.environment)


def sqlite_shell(desk: HelpDesk, file: Path) -> Run:
    """``sqlite3 -csv``, which only writes the rows: no guard, no job, no second copy."""
    command = ["sqlite3", "-readonly", "-header", "-csv", str(desk.database), select_of(desk.url)]
    return measure.run(command, environment={}, output=file)


@attrs.frozen
class Psql:
    r"""``psql \copy``, which only writes the rows; with `by_team`, those of half of the teams."""

    program: str
    by_team: bool = False

    def __call__(self, desk: HelpDesk, file: Path) -> Run:
        rows = " ".join(select_of(desk.url, _half_of_the_teams(desk) if self.by_team else ()).split())
        copy = rf"\copy ({rows}) to '{file}' with (format csv, header)"
        return measure.run([self.program, "--no-psqlrc", "--quiet", desk.url, "--command", copy], environment={})


@attrs.frozen
class Peer:
    """A module of `benchmarks.peers`."""

    module: str

    def __call__(self, desk: HelpDesk, file: Path) -> Run:
        command = [sys.executable, "-m", f"benchmarks.peers.{self.module}", desk.url, str(file)]
        return measure.run(command, environment={})


def _half_of_the_teams(desk: HelpDesk) -> list[UUID]:
    with closing(psycopg.connect(desk.url)) as connection:
        teams = [team for (team,) in connection.execute('SELECT "Id" FROM "Teams" ORDER BY "Name"')]
    return teams[: (len(teams) + 1) // 2]


def started_worker(desk: HelpDesk, file: Path, *options: str, settings: Mapping[str, str] = {}) -> Run:
    """Run `benchmarks.started_worker` with these options, and with these variables beside those of the desk."""
    figures = desk.folder / "figures.json"
    process = measure.run(
        [sys.executable, "-m", "benchmarks.started_worker", str(figures), *options],
        environment={**desk.environment, **settings},
    )
    files = [each for each in desk.storage.rglob("*") if each.is_file()]
    # The export of one ticket left a smaller one.
    max(files, key=lambda each: each.stat().st_size).rename(file)
    measured = json.loads(figures.read_text(encoding="utf-8"))
    return attrs.evolve(process, **measured)


OURS = "ticket-export"
UNGUARDED = "ticket-export, guard off"
METRICS = "ticket-export, metrics on"
COMMAND = "ticket-export command"
SQLITE_SHELL = "sqlite3 shell"
PSQL = r"psql \copy"
OURS_BY_TEAM = "ticket-export, row rule"
PSQL_BY_TEAM = r"psql \copy, row rule"
#: These write fewer rows than the others.
BY_TEAM = (OURS_BY_TEAM, PSQL_BY_TEAM)
PANDAS = "pandas"
DJANGO = "django-import-export"

SQLITE_CONTENDERS: dict[str, Contender] = {
    OURS: ticket_export,
    COMMAND: ticket_export_command,
    SQLITE_SHELL: sqlite_shell,
    PANDAS: Peer("pandas_export"),
    DJANGO: Peer("django_export"),
}


def postgresql_contenders(psql: str) -> dict[str, Contender]:
    """The contenders on PostgreSQL; `psql` is the path of the program."""
    return {
        OURS: ticket_export,
        UNGUARDED: ticket_export_unguarded,
        METRICS: ticket_export_with_metrics,
        COMMAND: ticket_export_command,
        PSQL: Psql(psql),
        OURS_BY_TEAM: ticket_export_by_team,
        PSQL_BY_TEAM: Psql(psql, by_team=True),
        "ADBC + Arrow": Peer("adbc_export"),
        "SQLAlchemy + csv": Peer("sqlalchemy_export"),
        PANDAS: Peer("pandas_export"),
        DJANGO: Peer("django_export"),
    }
