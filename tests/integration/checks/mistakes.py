"""Mistakes in a setup. Each names the finding, and follows its remedy as it is printed."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import pytest
import sqlalchemy as sa
from alembic import command
from dependency_injector.providers import Factory
from sqlalchemy.ext.asyncio import create_async_engine

import ticket_export as te
from tests.integration.checks.host import NAMES, NAMES_OF_USERS, CrmDirectory, Host, case_catalog, cases, hire, people
from ticket_export import catalog, ports
from ticket_export.errors import StorageError
from ticket_export.infrastructure import migrate
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.system_clock import SystemClock

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Makes the mistake, and returns what follows the printed remedy.
Seed: TypeAlias = Callable[[Host], Callable[[str], object]]


@attrs.frozen
class Mistake:
    """A mistake, and the beginnings of all findings about it; the first one has the remedy."""

    seed: Seed
    findings: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.seed.__name__


ON_SQLITE: list[Mistake] = []
ON_POSTGRESQL: list[Mistake] = []


def found_as(*findings: str, on: list[Mistake] = ON_SQLITE) -> Callable[[Seed], Seed]:
    """Add a mistake to the table."""

    def add(seed: Seed) -> Seed:
        on.append(Mistake(seed, findings))
        return seed

    return add


def quoted_in(remedy: str, pattern: str) -> str:
    """What the remedy prints in the place of the pattern's group."""
    found = re.search(pattern, remedy)
    assert found, f"{remedy!r} does not print {pattern}"
    return found[1]


def runs(host: Host) -> Callable[[str], object]:
    """Run the command of the remedy."""
    return lambda remedy: host.shell(quoted_in(remedy, r"run(?:: | `)(.*?)(?:`|, or|;|$)"))


def sets(host: Host) -> Callable[[str], object]:
    """Set the variable of the remedy."""

    def follow(remedy: str) -> None:
        name, value = quoted_in(remedy, r"set (TICKET_EXPORT_\w+=[^\s,]+)").split("=")
        host.settings[name] = value

    return follow


def says(code: str, then: Callable[[], object]) -> Callable[[str], object]:
    """Change what the remedy prints, which is `code`."""

    def follow(remedy: str) -> None:
        assert code in remedy
        then()

    return follow


def wires(host: Host, code: str, **parts: object) -> Callable[[str], object]:
    """Change the wiring as the remedy prints it."""
    return says(code, lambda: host.parts.update(parts))


def catalog_of(host: Host, *columns: catalog.CatalogColumn, **options: Any) -> None:
    host.parts["catalog"] = case_catalog(*columns, **options)


# The database.


@found_as(
    "error: database: the database lacks Users;",
    "error: database: the database lacks MediaItems, BackgroundTasks, ExportJobs, ExportDatabase; run ",
    "error: users: ",
    *["error: catalog: the database has no table "] * 4,
)
def reference_schema_is_not_migrated(host: Host) -> Callable[[str], object]:
    host.parts.clear()
    host.database_url = f"sqlite:///{host.folder}/new.db"
    return runs(host)


def _is_an_application(host: Host, names: str = "NAMES") -> None:
    """Let commands find the container of the host."""
    (host.folder / "crm_exports.py").write_text(
        f"from tests.integration.checks.host import {names}\n"
        "from ticket_export import TicketExportContainer\n"
        f"container = TicketExportContainer(table_names={names})\n"
    )
    host.settings["TICKET_EXPORT_APP"] = "crm_exports:container"
    host.settings["PYTHONPATH"] = str(Path(__file__).parents[3])


@found_as("error: database: the database lacks ExportJobs, ExportDatabase; run `ticket-export migrate`")
def own_tables_are_not_migrated(host: Host) -> Callable[[str], object]:
    te.downgrade(host.engine(), names=NAMES)
    _is_an_application(host)
    return runs(host)


@found_as(
    "error: database: the database lacks MediaItems, BackgroundTasks, ExportJobs, ExportDatabase; "
    "run `ticket-export migrate`"
)
def nothing_is_migrated(host: Host) -> Callable[[str], object]:
    host.parts["table_names"] = NAMES_OF_USERS
    te.downgrade(host.engine(), names=NAMES)
    _is_an_application(host, names="NAMES_OF_USERS")
    return runs(host)


@found_as("error: database: the database lacks crm_jobs; set the name of your table")
def table_of_tasks_has_another_name(host: Host) -> Callable[[str], object]:
    host.execute("ALTER TABLE crm_jobs RENAME TO crm_tasks")
    named = attrs.evolve(NAMES, background_tasks=te.HostTable("crm_tasks"))
    return wires(host, "in the container's table_names (HostTableNames)", table_names=named)


@found_as("error: database: ExportJobs.RowCount is missing; run `ticket-export migrate`")
def column_of_jobs_is_missing(host: Host) -> Callable[[str], object]:
    host.execute('ALTER TABLE "ExportJobs" DROP COLUMN "RowCount"')
    return lambda remedy: host.execute(quoted_in(remedy, "(ALTER TABLE .*)"))


@found_as("error: database: crm_people.mail_address is missing; set the name of your column in")
def column_of_users_has_another_name(host: Host) -> Callable[[str], object]:
    users = NAMES.users
    assert users is not None
    wrong = te.HostTable(users.name, {**users.columns, "email_address": "mail_address"})
    host.parts["table_names"] = attrs.evolve(NAMES, users=wrong)
    return wires(host, "in the container's table_names (HostTableNames)", table_names=NAMES)


@found_as(
    "error: database: crm_people.person_id is INTEGER, but must be CHAR(32); ",
    *["error: database: crm_files."] * 2,
    "error: database: the database lacks ExportJobs, ExportDatabase;",
)
def users_have_integers_as_keys(host: Host) -> Callable[[str], object]:
    host.database_url = f"sqlite:///{host.folder}/numbers.db"
    numbered = people.to_metadata(sa.MetaData())
    numbered.c.person_id.type = sa.Integer()
    names = attrs.evolve(NAMES, user_key=int)
    host.create_tables(numbered, cases, names=names)
    hire(host.engine(), numbered, 7)
    host.parts["user_directory"] = CrmDirectory(host.engine, numbered)

    def follow() -> None:
        host.parts["table_names"] = names
        te.upgrade(host.engine(), names=names)

    return says("set the type of a user's key in the container's table_names", follow)


@found_as("warning: database: crm_jobs has no index on Status, CreationTime", on=ON_POSTGRESQL)
def index_of_the_queue_is_missing(host: Host) -> Callable[[str], object]:
    host.execute('DROP INDEX "IX_crm_jobs_Status_CreationTime"')
    return lambda remedy: host.execute(quoted_in(remedy, "(CREATE INDEX .*)"))


@found_as("error: database: crm_files.checksum is NOT NULL without a default", on=ON_POSTGRESQL)
def table_of_files_needs_more_than_the_library_knows(host: Host) -> Callable[[str], object]:
    host.execute("ALTER TABLE crm_files ADD checksum text NOT NULL")
    return lambda remedy: host.execute(quoted_in(remedy, "(ALTER TABLE .*)"))


@found_as(
    "error: database: the database lacks ExportDatabase; run `ticket-export migrate`",
    "error: database: the database lacks ExportAuditEntries; run `ticket-export migrate`",
)
def table_of_the_audit_log_is_missing(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_AUDIT_LOG"] = "table"
    # As the release before audit logs has left it.
    with migrate._transaction(host.engine()) as connection:
        command.downgrade(migrate._EXPORT_JOBS.config(connection, NAMES), "add_export_jobs")
    _is_an_application(host)
    return runs(host)


@found_as("error: database: the SQLite database is in 'delete' mode")
def sqlite_is_not_in_wal_mode(host: Host) -> Callable[[str], object]:
    host.close()
    with closing(sqlite3.connect(f"{host.folder}/crm.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    # An application with an engine of its own.
    host.parts["engine"] = host.keep(sa.create_engine(host.database_url))

    def follow(remedy: str) -> None:
        with closing(sqlite3.connect(f"{host.folder}/crm.db")) as connection:
            connection.execute(quoted_in(remedy, "once: (.*)"))

    return follow


def makes_engine(host: Host) -> Callable[[str], object]:
    """Give the container the engine that the remedy prints."""
    return says("ticket_export.create_engine(", lambda: host.parts.update(engine=host.engine()))


@found_as("error: database: container.engine: AsyncEngine cannot be used as Engine")
def engine_is_asynchronous(host: Host) -> Callable[[str], object]:
    # From a function, so that nobody sees at the override what it is.
    host.parts["engine"] = Factory(create_async_engine, "postgresql+asyncpg://crm:secret@127.0.0.1/crm")
    return makes_engine(host)


@found_as("error: database: container.engine: Engine cannot be used as Engine")
def engine_is_the_inside_of_an_asynchronous_one(host: Host) -> Callable[[str], object]:
    engine = create_async_engine("postgresql+asyncpg://crm:secret@127.0.0.1/crm").sync_engine
    host.parts["engine"] = Factory(lambda: engine)
    return makes_engine(host)


@found_as("error: database: all threads share one connection, or each has an empty database")
def sqlite_is_in_memory(host: Host) -> Callable[[str], object]:
    host.parts["engine"] = host.keep(sa.create_engine("sqlite://"))
    return makes_engine(host)


@found_as("error: database: the pool of the engine has at most 1 connection")
def pool_has_one_connection(host: Host) -> Callable[[str], object]:
    def engine(**pool: int) -> sa.Engine:
        return host.keep(sa.create_engine(host.database_url, **pool))

    host.parts["engine"] = engine(pool_size=1, max_overflow=0)
    return wires(host, "pool_size=5, max_overflow=10", engine=engine(pool_size=5, max_overflow=10))


@found_as("error: database: the database is damaged, or is not a database")
def database_is_another_file(host: Host) -> Callable[[str], object]:
    right = host.database_url
    (host.folder / "crm.csv").write_text("no database at all, but a file with some text in it" * 100)
    host.database_url = f"sqlite:///{host.folder}/crm.csv"

    def follow() -> None:
        host.database_url = right

    return says("correct TICKET_EXPORT_DATABASE_URL", follow)


@found_as("error: database: the database cannot be reached", on=ON_POSTGRESQL)
def database_is_elsewhere(host: Host) -> Callable[[str], object]:
    right = host.database_url
    host.database_url = sa.make_url(right).set(port=1, host="127.0.0.1", password="secret").render_as_string(False)

    def follow(remedy: str) -> None:
        assert "correct TICKET_EXPORT_DATABASE_URL" in remedy
        host.database_url = right

    return follow


@found_as("error: database: the database is read-only", on=ON_POSTGRESQL)
def database_is_read_only(host: Host) -> Callable[[str], object]:
    right = host.database_url
    read_only = {"options": "-c default_transaction_read_only=on"}
    host.database_url = sa.make_url(right).update_query_dict(read_only).render_as_string(False)

    def follow(remedy: str) -> None:
        assert "set default_transaction_read_only to off" in remedy
        host.database_url = right

    return follow


@found_as("error: database: this process may not write to ")
def sqlite_file_is_read_only(host: Host) -> Callable[[str], object]:
    # Root, as which the tests may run, may write everywhere.
    patch, may = pytest.MonkeyPatch(), os.access
    file = sa.make_url(host.database_url).database
    patch.setattr(os, "access", lambda path, mode, **how: str(path) != file and may(path, mode, **how))
    return says("let its user write to the SQLite file", patch.undo)


# The catalog.


@found_as("error: catalog: the database has no table crm_casez; create it with your application's migrations, or")
def catalog_names_another_table(host: Host) -> Callable[[str], object]:
    renamed = cases.to_metadata(sa.MetaData(), name="crm_casez")
    catalog_of(host, tables=renamed, cases=renamed)
    return lambda remedy: catalog_of(host, **_named(quoted_in(remedy, r"did you mean (\w+)\?")))


def _named(table: str) -> dict[str, sa.Table]:
    named = cases.to_metadata(sa.MetaData(), name=table)
    return {"tables": named, "cases": named}


@found_as("error: catalog: the table crm_cases has no column subjekt;")
def catalog_names_another_column(host: Host) -> Callable[[str], object]:
    def column(name: str) -> catalog.CatalogColumn:
        table = sa.table("crm_cases", sa.column(name, sa.Text))
        return catalog.text_column("text", "Text", sa.select(table.c[name]).limit(1).scalar_subquery())

    catalog_of(host, column("subjekt"))
    return lambda remedy: catalog_of(host, column(quoted_in(remedy, r"did you mean (\w+)\?")))


@found_as("warning: catalog: there is no row rule")
def catalog_has_no_row_rule(host: Host) -> Callable[[str], object]:
    catalog_of(host, visible_to=None)
    return says("visible_to=EVERY_ROW", lambda: catalog_of(host, visible_to=catalog.EVERY_ROW))


@found_as("error: catalog: the row rule (visible_to) needs the attribute ")
def row_rule_needs_a_fact_that_no_user_has(host: Host) -> Callable[[str], object]:
    rule = case_catalog(visible_to=lambda actor: cases.c.team.in_(actor.attributes["teams"]))
    host.parts["catalog"] = rule
    own = host.parts["user_directory"]
    assert isinstance(own, CrmDirectory)
    directory = CrmDirectory(own.engine, teams=("support",))
    return wires(host, "set it in Actor.attributes", user_directory=directory)


@found_as("error: catalog: the row rule (visible_to) returned NoneType; ")
def row_rule_returns_nothing(host: Host) -> Callable[[str], object]:
    catalog_of(host, visible_to=lambda actor: None)
    right = case_catalog(visible_to=lambda actor: catalog.EVERY_ROW)
    return wires(host, "return a SQL condition or EVERY_ROW", catalog=right)


@found_as("error: catalog: the row rule (visible_to) returned a bool; ")
def row_rule_returns_a_bool(host: Host) -> Callable[[str], object]:
    # As one writes it for one ticket.
    catalog_of(host, visible_to=lambda actor: "team" in actor.attributes)
    return wires(host, "sqlalchemy.true()", catalog=case_catalog(visible_to=lambda actor: sa.true()))


@found_as("error: catalog: the row rule (visible_to) names the table 'crm_people'")
def row_rule_reads_a_table_that_is_not_joined(host: Host) -> Callable[[str], object]:
    catalog_of(host, visible_to=lambda actor: people.c.person_id == actor.user_id)
    mine = sa.select(people.c.person_id).where(people.c.works_here)
    right = case_catalog(visible_to=lambda actor: cases.c.owner_id.in_(mine))
    return wires(host, "column.in_(select(…))", catalog=right)


@found_as("error: catalog: the database refuses the condition of the row rule")
def row_rule_reads_a_column_that_is_missing(host: Host) -> Callable[[str], object]:
    catalog_of(host, visible_to=lambda actor: sa.literal_column("squad", sa.Text) == actor.attributes["team"])
    return wires(host, "correct the expression", catalog=case_catalog())


@found_as("error: catalog: the rule (visible_to) of the column 'owner' returned BinaryExpression; return True or False")
def column_rule_returns_a_condition(host: Host) -> Callable[[str], object]:
    def owner(rule: Callable[[te.Actor], Any]) -> catalog.CatalogColumn:
        return catalog.id_column("owner", "Owner", cases.c.owner_id, visible_to=rule)

    catalog_of(host, owner(lambda actor: cases.c.owner_id == actor.user_id))
    right = case_catalog(owner(lambda actor: actor.is_admin))
    return wires(host, "return True or False", catalog=right)


@found_as("warning: catalog: the columns 'subject' and 'title' have the same label, 'Subject'")
def two_columns_have_one_label(host: Host) -> Callable[[str], object]:
    catalog_of(host, catalog.text_column("title", "Subject", cases.c.subject))
    other = catalog.text_column("title", "Title", cases.c.subject)
    return says("a label of its own", lambda: catalog_of(host, other))


@found_as("error: catalog: the database refuses the expression of the column 'size'")
def database_lacks_a_function(host: Host) -> Callable[[str], object]:
    def size(function: str) -> catalog.CatalogColumn:
        return catalog.number_column("size", "Size", getattr(sa.func, function)(cases.c.subject, type_=sa.Integer()))

    catalog_of(host, size("len"))
    return says("correct the expression", lambda: catalog_of(host, size("length")))


@found_as("error: catalog: the database refuses the expression of the column 'size'", on=ON_POSTGRESQL)
def postgresql_lacks_a_function(host: Host) -> Callable[[str], object]:
    return database_lacks_a_function(host)


@found_as(
    "error: catalog: the text column 'custom' is stored as jsonb; use text_column on JoinedTags(…)", on=ON_POSTGRESQL
)
def json_is_declared_as_text(host: Host) -> Callable[[str], object]:
    host.execute("ALTER TABLE crm_cases ALTER custom TYPE jsonb")
    declared = sa.type_coerce(cases.c.custom, sa.Text)
    catalog_of(host, catalog.text_column("custom", "Custom", declared))
    tags = catalog.text_column("custom", "Custom", catalog.JoinedTags(cases.c.custom))
    return says("JoinedTags(…)", lambda: catalog_of(host, tags))


@found_as("error: catalog: the date column 'due' is stored as text; a moment is stored as timestamp", on=ON_POSTGRESQL)
def time_is_stored_as_text(host: Host) -> Callable[[str], object]:
    host.execute("ALTER TABLE crm_cases ADD due text")
    catalog_of(host, catalog.date_column("due", "Due", sa.literal_column("due", sa.DateTime)))
    statement = "ALTER TABLE crm_cases ALTER due TYPE timestamptz USING due::timestamptz"
    return says("timestamptz", lambda: host.execute(statement))


@found_as("error: catalog: the number column 'team' is stored as text; use text_column", on=ON_POSTGRESQL)
def text_is_declared_as_a_number(host: Host) -> Callable[[str], object]:
    catalog_of(host, catalog.number_column("team", "Team", sa.type_coerce(cases.c.team, sa.Integer)))
    column = catalog.text_column("team", "Team", cases.c.team)
    return says("use text_column", lambda: catalog_of(host, column))


def _as_another_role(host: Host, *statements: str) -> Callable[[str], object]:
    # A role that every server has.
    for statement in statements:
        host.execute(statement)
    owner = host.database_url
    host.database_url = sa.make_url(owner).update_query_dict({"options": "-c role=pg_monitor"}).render_as_string(False)

    def follow(remedy: str) -> None:
        used, host.database_url = host.database_url, owner
        host.execute(quoted_in(remedy, "execute as its owner: (.*)"))
        host.database_url = used

    return follow


_EVERYTHING = "GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_monitor"


@found_as("error: catalog: the role pg_monitor may not do everything with the table crm_cases", on=ON_POSTGRESQL)
def role_may_not_read_the_tickets(host: Host) -> Callable[[str], object]:
    return _as_another_role(host, _EVERYTHING, "REVOKE SELECT ON crm_cases FROM pg_monitor")


@found_as('error: database: the role pg_monitor may not do everything with the table "ExportJobs"', on=ON_POSTGRESQL)
def role_may_not_write_jobs(host: Host) -> Callable[[str], object]:
    return _as_another_role(host, _EVERYTHING, 'REVOKE INSERT, UPDATE ON "ExportJobs" FROM pg_monitor')


# The storage.


@found_as("error: storage: ")
def storage_is_a_file(host: Host) -> Callable[[str], object]:
    shutil.rmtree(host.folder / "files")
    (host.folder / "files").write_text("")
    return runs(host)


@found_as("warning: storage: every user of this machine may replace files in the folder ")
def everybody_may_write_to_the_storage(host: Host) -> Callable[[str], object]:
    (host.folder / "files").chmod(0o777)
    return runs(host)


@found_as("warning: storage: ")
def folder_of_the_storage_belongs_to_another_user(host: Host) -> Callable[[str], object]:
    patch, user = pytest.MonkeyPatch(), os.geteuid()
    patch.setattr(os, "geteuid", lambda: user + 1)
    (host.folder / "files").chmod(0o770)
    return says(f"chown -R {user + 1} ", patch.undo)


@found_as("error: storage: TICKET_EXPORT_FILE_ACCESS=group is set, and group ")
def group_may_not_use_the_folder_of_the_storage(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_FILE_ACCESS"] = "group"
    return runs(host)


@found_as("warning: storage: ")
def folder_of_temporary_files_is_older_than_the_setting(host: Host) -> Callable[[str], object]:
    (host.folder / "files").chmod(0o770)
    host.settings["TICKET_EXPORT_FILE_ACCESS"] = "group"
    return runs(host)


class _RefusingStorage(InMemoryStorage):
    """Lets a process do some of it only."""

    refuses = ""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ports.ObjectWriter]:
        self._require("open_writer")
        with super().open_writer(key, content_type) as writer:
            yield writer

    def delete(self, key: str) -> None:
        self._require("delete")
        super().delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        self._require("list")
        return super().list(prefix)

    def _require(self, method: str) -> None:
        if method == self.refuses:
            raise StorageError("the storage refuses access")


def _refusing(host: Host, method: str, step: str) -> Callable[[str], object]:
    storage = _RefusingStorage()
    storage.refuses = method
    host.parts["storage"] = storage
    return says(f"let this process {step} there", lambda: setattr(storage, "refuses", ""))


@found_as("error: storage: this process cannot write an object: the storage refuses access")
def storage_refuses_to_write(host: Host) -> Callable[[str], object]:
    return _refusing(host, "open_writer", "write an object")


@found_as("error: storage: this process cannot list objects: the storage refuses access")
def storage_refuses_to_list(host: Host) -> Callable[[str], object]:
    return _refusing(host, "list", "list objects")


@found_as("error: storage: this process cannot delete an object: the storage refuses access")
def storage_refuses_to_delete(host: Host) -> Callable[[str], object]:
    return _refusing(host, "delete", "delete an object")


@found_as("error: storage: TICKET_EXPORT_DOWNLOAD is signed-url, and the storage 'file' cannot sign links")
def storage_cannot_sign_links(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_DOWNLOAD"] = "signed-url"
    return sets(host)


@found_as("error: storage: TICKET_EXPORT_STORAGE_URL cannot be used: no installed package adds storages")
def storage_has_no_plugin(host: Host) -> Callable[[str], object]:
    right = host.settings["TICKET_EXPORT_STORAGE_URL"]
    host.settings["TICKET_EXPORT_STORAGE_URL"] = "gopher://user:secret@example.test/files"
    return says("known schemes are azure, file, gs, s3", lambda: host.settings.update(TICKET_EXPORT_STORAGE_URL=right))


@found_as("error: compression: TICKET_EXPORT_COMPRESSION=zstd needs an optional dependency")
def extra_is_not_installed(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_COMPRESSION"] = "zstd"
    name = "compression" if sys.version_info >= (3, 14) else "backports.zstd"
    patch = pytest.MonkeyPatch()
    # Python then raises ImportError, as for a package that is not installed.
    patch.setitem(sys.modules, name, None)
    patch.delattr(name, raising=False)
    return says("pip install 'ticket-export[zstd]'", patch.undo)


@found_as("warning: storage: the file system of ")
def file_system_is_nearly_full(host: Host) -> Callable[[str], object]:
    patch = pytest.MonkeyPatch()
    little = shutil.disk_usage(host.folder)._replace(free=5 * 1024**2)
    patch.setattr(shutil, "disk_usage", lambda path: little)
    return says("free some space there", patch.undo)


def _client_of(host: Host, *, bucket: str) -> S3Client:
    from tests.s3_server import S3Server

    server = host.resources.enter_context(S3Server())
    host.settings["TICKET_EXPORT_STORAGE_URL"] = f"s3://{bucket}/exports"
    host.settings["TICKET_EXPORT_S3_ENDPOINT_URL"] = server.url
    host.settings |= {"AWS_ACCESS_KEY_ID": "crm", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    return server.client()


@found_as("error: storage: the bucket crm: the files could not be listed: the storage's bucket does not exist; create")
def bucket_is_missing(host: Host) -> Callable[[str], object]:
    client = _client_of(host, bucket="crm")
    return says("create the bucket", lambda: client.create_bucket(Bucket="crm"))


@found_as(
    "warning: storage: the bucket crm-versions has versioning: when a file is deleted, its version stays; suspend"
)
def bucket_keeps_versions(host: Host) -> Callable[[str], object]:
    client = _client_of(host, bucket="crm-versions")
    client.create_bucket(Bucket="crm-versions")

    def version(status: Literal["Enabled", "Suspended"]) -> None:
        client.put_bucket_versioning(Bucket="crm-versions", VersioningConfiguration={"Status": status})

    version("Enabled")
    return says("suspend versioning", lambda: version("Suspended"))


def _clocks_differ(host: Host, seconds: float) -> Callable[[str], object]:
    patch = pytest.MonkeyPatch()
    patch.setattr(SystemClock, "now", lambda _clock: datetime.now(UTC) + timedelta(seconds=seconds))
    return says("synchronise both clocks", patch.undo)


@found_as("warning: clock: the clock of this machine is 20 s ahead of the database's", on=ON_POSTGRESQL)
def clock_is_ahead(host: Host) -> Callable[[str], object]:
    return _clocks_differ(host, 20)


@found_as("error: clock: the clock of this machine is 3,600 s behind the database's", on=ON_POSTGRESQL)
def clock_is_far_behind(host: Host) -> Callable[[str], object]:
    return _clocks_differ(host, -3600)


# Users and rights.


@found_as("error: users: table_names names your own users, and the library knows only those of the reference schema")
def users_are_the_hosts_and_the_directory_is_not(host: Host) -> Callable[[str], object]:
    own = host.parts.pop("user_directory")
    return wires(host, "override user_directory", user_directory=own)


class _Directory(ports.UserDirectory):
    """Returns the same object, whoever is asked for."""

    def __init__(self, found: object) -> None:
        self._found = found

    def find(self, user_id: te.UserId) -> Any:
        return self._found

    def find_by_email(self, email_address: str) -> Any:
        return self._found


@found_as(*["error: users: _Directory.find"] * 3)
def directory_finds_everybody(host: Host) -> Callable[[str], object]:
    own = host.parts["user_directory"]
    host.parts["user_directory"] = _Directory({"name": "Ada"})
    return wires(host, "return None where there is no active user", user_directory=own)


class _Policy(te.ExportPolicy):
    """Forgets to return something for the others."""

    def may_request(self, actor: te.Actor) -> bool:
        if actor.is_admin:
            return True
        return None  # type: ignore[return-value]


@found_as("error: policy: may_request returned NoneType; return True or False")
def policy_returns_nothing(host: Host) -> Callable[[str], object]:
    host.parts["policy"] = _Policy()
    return wires(host, "return True or False", policy=te.ExportPolicy())


class _OldPolicy(te.ExportPolicy):
    """Needs a fact that the directory does not give."""

    def may_request(self, actor: te.Actor) -> bool:
        return bool(actor.attributes["level"])


@found_as("error: policy: may_request needs the attribute 'level', which this actor lacks")
def policy_raises_an_error(host: Host) -> Callable[[str], object]:
    own, host.parts["policy"] = host.parts["user_directory"], _OldPolicy()
    assert isinstance(own, CrmDirectory)
    directory = CrmDirectory(own.engine, level=3)
    return wires(host, "set it in Actor.attributes", user_directory=directory)


# Settings, and the rest.


@found_as("error: settings: TICKET_EXPORT_TASK_QUEUE: ")
def setting_is_invalid(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_TASK_QUEUE"] = "rabbitmq"
    return says("remove it", lambda: host.settings.pop("TICKET_EXPORT_TASK_QUEUE"))


@found_as("warning: settings: files are kept for 0.1 h")
def files_expire_too_early(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_RETENTION_HOURS"] = "0.1"
    return sets(host)


@found_as("warning: settings: a storage may take no bytes for 60 s, and after 30 s")
def attempt_is_given_up_too_early(host: Host) -> Callable[[str], object]:
    host.settings["TICKET_EXPORT_STALL_SECONDS"] = "30"
    return sets(host)


class _Deaf:
    """A task queue, as its author thinks."""

    def send(self, task: ports.BackgroundTask) -> None:
        """Do nothing."""


@found_as(
    "error: task queue: container.task_queue: _Deaf cannot be used as TaskQueue, because it does not define dispatch"
)
def adapter_is_incomplete(host: Host) -> Callable[[str], object]:
    # From a function, so that nobody sees at the override what it is.
    host.parts["task_queue"] = Factory(_Deaf)
    right = type("Heard", (ports.TaskQueue,), {"dispatch": lambda self, task: None})()
    return wires(host, "add what is missing", task_queue=right)


@found_as("error: audit log: ")
def part_cannot_be_made(host: Host) -> Callable[[str], object]:
    def broken() -> ports.AuditLog:
        raise RuntimeError("with a secret")

    host.parts["audit_log"] = Factory(broken)

    def follow() -> None:
        del host.parts["audit_log"]

    return says("ticket-export --debug check", follow)
