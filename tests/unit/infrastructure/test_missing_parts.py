"""A missing table or column is named, in every language of the server, and nothing else of the driver's text is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.exc import DBAPIError

from ticket_export.errors import JobDatabaseError
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.database.errors import database_errors
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.tables import build_tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork

NO_TABLE, NO_COLUMN = "42P01", "42703"
MIGRATE = "; run `ticket-export migrate`"
HOST = build_tables(
    HostTableNames(
        users=HostTable("crm.people", {"id": "person_id", "email_address": "mail"}),
        media_items=HostTable("Stored Files"),
        background_tasks=HostTable("jobs", {"leased_until": "Ende der Pacht"}),
    )
)


class PostgresqlError(Exception):
    def __init__(self, sqlstate: str, text: str) -> None:
        self.sqlstate = sqlstate
        super().__init__(text)


def told(error: Exception, tables: object = REFERENCE_TABLES.every) -> str:
    wrapped = DBAPIError("SELECT secret", {"a": "value"}, error)
    with pytest.raises(JobDatabaseError) as raised, database_errors(tables=tables):  # type: ignore[arg-type]
        raise wrapped
    assert raised.value.__cause__ is wrapped
    return str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        'relation "ExportJobs" does not exist\nLINE 1: SELECT secret FROM "MediaItems"',
        "Relation »ExportJobs« existiert nicht",
        "relacja „ExportJobs” nie istnieje",
        "la relation « ExportJobs » n'existe pas",
        'リレーション"ExportJobs"は存在しません',
        'отношение "ExportJobs" не существует',
        "no existe la relación «ExportJobs»",
    ],
)
def test_missing_table_is_named_in_every_language(text: str) -> None:
    assert told(PostgresqlError(NO_TABLE, text)) == f"the database lacks the table ExportJobs{MIGRATE}"


@pytest.mark.parametrize(
    "text",
    [
        'column BackgroundTasks.LeasedUntil does not exist\nLINE 1: SELECT "Users"."Id"\nHINT:  "ExportJobs.Id"?',
        'column "LeasedUntil" of relation "BackgroundTasks" does not exist',
        "column BackgroundTasks_1.LeasedUntil does not exist",
        "Spalte »LeasedUntil« von Relation »BackgroundTasks« existiert nicht",
        "kolumna BackgroundTasks.LeasedUntil nie istnieje",
        'リレーション"BackgroundTasks"の列"LeasedUntil"は存在しません',
        'столбец "LeasedUntil" в таблице "BackgroundTasks" не существует',
    ],
)
def test_missing_column_is_named_with_its_table_in_every_language(text: str) -> None:
    expected = f"the database lacks the column LeasedUntil of BackgroundTasks{MIGRATE}"
    assert told(PostgresqlError(NO_COLUMN, text)) == expected


def test_column_of_one_table_is_named_with_it_although_the_error_does_not_name_it() -> None:
    expected = f"the database lacks the column IsCleanedUp of ExportJobs{MIGRATE}"
    assert told(PostgresqlError(NO_COLUMN, 'column "IsCleanedUp" does not exist')) == expected


def test_column_of_several_tables_is_named_without_one() -> None:
    expected = f"the database lacks the column CreationTime{MIGRATE}"
    assert told(PostgresqlError(NO_COLUMN, 'column "CreationTime" does not exist')) == expected


def test_a_hosts_names_are_named_as_the_host_calls_them() -> None:
    for state, text, expected in (
        (NO_TABLE, 'relation "Stored Files" does not exist', "the table Stored Files"),
        (NO_TABLE, 'relation "crm.people" does not exist', "the table crm.people"),
        (NO_COLUMN, "column crm.people.mail does not exist", "the column mail of crm.people"),
        (NO_COLUMN, 'column jobs."Ende der Pacht" does not exist', "the column Ende der Pacht of jobs"),
    ):
        assert told(PostgresqlError(state, text), HOST.every) == f"the database lacks {expected}{MIGRATE}"


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_nothing_that_the_library_does_not_know_is_ever_told(text: str) -> None:
    known = [Table("Vault", MetaData(), Column("Key", Text))]
    for state, least, named in (
        (NO_TABLE, "the database lacks a table", {f"the database lacks the table Vault{MIGRATE}"}),
        (
            NO_COLUMN,
            "the database lacks a column",
            {f"the database lacks the column Key of Vault{MIGRATE}"},
        ),
    ):
        assert told(PostgresqlError(state, text), known) in {least, *named}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('ALTER TABLE "BackgroundTasks" DROP COLUMN "LeasedUntil"', "the column LeasedUntil of BackgroundTasks"),
        ('ALTER TABLE "ExportJobs" DROP COLUMN "RowCount"', "the column RowCount of ExportJobs"),
        ('DROP TABLE "ExportJobs"', "the table ExportJobs"),
        ('DROP TABLE "MediaItems"', "the table MediaItems"),
    ],
)
def test_what_sqlite_lacks_is_named(tmp_path: Path, change: str, expected: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    REFERENCE_TABLES.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(change)
    with pytest.raises(JobDatabaseError) as raised, SqlAlchemyUnitOfWork(engine) as work:
        work.jobs.page(requester_ids=None, offset=0, limit=1)
    assert str(raised.value) == f"the database lacks {expected}{MIGRATE}"
    assert isinstance(raised.value.__cause__, DBAPIError)
    assert isinstance(raised.value.__cause__.orig, sqlite3.OperationalError)
    engine.dispose()
