"""A host whose setup is right, until a test makes a mistake in it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from dependency_injector.providers import ThreadSafeSingleton

import ticket_export as te
from tests.e2e.command_line import SCRIPT, clean_environment
from ticket_export import catalog, ports

metadata = sa.MetaData()
people = sa.Table(
    "crm_people",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("given", "family", "mail")),
    *(sa.Column(name, sa.Boolean, nullable=False) for name in ("is_boss", "works_here")),
)
cases = sa.Table(
    "crm_cases",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("team", sa.Text),
    sa.Column("owner_id", sa.Uuid, sa.ForeignKey(people.c.person_id)),
    sa.Column("opened_at", sa.DateTime, nullable=False),
    sa.Column("custom", sa.JSON),
)

NAMES = te.HostTableNames(
    users=te.HostTable(
        "crm_people",
        {
            "id": "person_id",
            "first_name": "given",
            "last_name": "family",
            "email_address": "mail",
            "is_admin": "is_boss",
            "is_active": "works_here",
        },
    ),
    media_items=te.HostTable("crm_files"),
    background_tasks=te.HostTable("crm_jobs"),
)
#: The tables of files and tasks have no names here, so that a migration creates them.
NAMES_OF_USERS = te.HostTableNames(users=NAMES.users)


class CrmDirectory(ports.UserDirectory):
    """Everybody who works there may export, and belongs to one team."""

    def __init__(self, engine: Callable[[], sa.Engine], people: sa.Table = people, **facts: Any) -> None:
        self.engine, self._people = engine, people
        self._facts = facts

    def find(self, user_id: te.UserId) -> te.Actor | None:
        return self._find(self._people.c.person_id == user_id)

    def find_by_email(self, email_address: str) -> te.Actor | None:
        return self._find(sa.func.lower(self._people.c.mail) == email_address.lower())

    def _find(self, which: sa.ColumnElement[bool]) -> te.Actor | None:
        with self.engine().connect() as connection:
            row = connection.execute(sa.select(self._people).where(which, self._people.c.works_here)).first()
        if row is None:
            return None
        return te.Actor(
            user_id=row.person_id,
            is_admin=row.is_boss,
            permissions=te.SystemPermissions.IMPORT_EXPORT_TICKETS,
            attributes={"team": "support", **self._facts},
        )


def case_catalog(
    *more: catalog.CatalogColumn, tables: sa.FromClause = cases, cases: sa.FromClause = cases, **options: Any
) -> catalog.TicketCatalog:
    """The catalog of the host; `more` are further columns."""
    columns = [
        catalog.number_column("number", "Case", cases.c.number),
        catalog.text_column("subject", "Subject", cases.c.subject, searchable=True),
        catalog.date_column("openedAt", "Opened", cases.c.opened_at),
        *more,
    ]
    return catalog.TicketCatalog(
        **{
            "tables": tables,
            "id": cases.c.number,
            "created_at": cases.c.opened_at,
            "columns": columns,
            "visible_to": lambda actor: cases.c.team == actor.attributes["team"],
            **options,
        }
    )


def hire(engine: sa.Engine, people: sa.Table, key: te.UserId) -> None:
    """Add a person."""
    row = {"person_id": key, "given": "Ada", "family": "Byron", "mail": "ada@example.test"}
    with engine.begin() as connection:
        connection.execute(sa.insert(people), [{**row, "is_boss": True, "works_here": True}])


@attrs.define
class Host:
    """The wiring of one application, in one folder. A test changes `settings` and `parts`, or what is outside."""

    folder: Path
    database_url: str
    settings: dict[str, str] = attrs.field(factory=dict)
    parts: dict[str, object] = attrs.field(factory=dict)
    engines: list[sa.Engine] = attrs.field(factory=list)
    resources: ExitStack = attrs.field(factory=ExitStack)

    @classmethod
    def prepared(cls, folder: Path, database_url: str) -> Host:
        """A host with its tables, one person and our tables."""
        host = cls(folder, database_url, {"TICKET_EXPORT_STORAGE_URL": (folder / "files").as_uri()})
        host.parts = {
            "table_names": NAMES,
            "catalog": case_catalog(),
            "user_directory": CrmDirectory(host.engine),
        }
        return host

    def create(self) -> None:
        """Create all tables, and one person."""
        engine = self.engine()
        self.create_tables(people, cases)
        te.upgrade(engine, names=NAMES)
        hire(engine, people, uuid4())

    def create_tables(self, *tables: sa.Table, names: te.HostTableNames = NAMES) -> None:
        """Create these tables, and those of files and tasks."""
        written = te.TicketExportContainer(table_names=names).tables()
        for table in (*tables, written.media_items, written.background_tasks):
            table.create(self.engine())

    def container(self) -> te.TicketExportContainer:
        """A container as the application makes it when it starts."""
        container = te.TicketExportContainer()
        engine = self.engine
        container.engine.override(ThreadSafeSingleton(engine))
        for name, part in self.parts.items():
            container.providers[name].override(part)
        return container

    def check(self) -> list[te.Finding]:
        """What the check of a new container finds, in the environment of the application."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment().items():
                patch.setenv(name, value)
            return self.container().check()

    def environment(self) -> Mapping[str, str]:
        """The variables of the process."""
        return {"TICKET_EXPORT_DATABASE_URL": self.database_url, **self.settings}

    def shell(self, command: str) -> None:
        """Run a command as an operator types it."""
        path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**clean_environment(), **self.environment(), "PATH": path},
            check=True,
            timeout=120,
        )

    def execute(self, statement: str) -> None:
        """Execute a statement of SQL on the database."""
        with self.engine().begin() as connection:
            connection.exec_driver_sql(statement)

    def engine(self) -> sa.Engine:
        """A new engine on the database."""
        return self.keep(te.create_engine(self.database_url))

    def keep(self, engine: sa.Engine) -> sa.Engine:
        """The engine, which `close` will dispose of."""
        self.engines.append(engine)
        return engine

    def close(self) -> None:
        """Close all connections and servers."""
        self.resources.close()
        for engine in self.engines:
            engine.dispose()


def quoted(path: Path) -> str:
    """The path as a shell reads it."""
    return shlex.quote(str(path))
