"""The tables of another system, made by Entity Framework: the owner's data model, without the library's additions.

The names are PascalCase, as the data model has them. The moments are ``timestamptz``, the arguments of tasks and the
tags of tickets are plain texts, and the tasks have no lease. Some names of constraints and indexes are not those that
the library would choose.
"""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

ADMIN: Final = uuid5(NAMESPACE_URL, "1")
#: Tables in which the other system has rows.
TABLES: Final = (
    "Users",
    "Roles",
    "RoleUser",
    "Teams",
    "Contacts",
    "Tickets",
    "MediaItems",
    "BackgroundTasks",
    "ExportJobs",
)
_HISTORY = """
    "CreationTime" timestamptz NOT NULL, "LastModificationTime" timestamptz NULL,
    "CreatorUserId" uuid NULL, "LastModifierUserId" uuid NULL
"""
_DEFINITIONS = f"""
CREATE TABLE "Users" (
    "Id" uuid NOT NULL CONSTRAINT "PK_Users" PRIMARY KEY, "FirstName" text NOT NULL, "LastName" text NOT NULL,
    "EmailAddress" text NOT NULL, "IsAdmin" boolean NOT NULL, "IsActive" boolean NOT NULL,
    "PasswordHash" text NULL, "LastLoggedInTime" timestamptz NULL, {_HISTORY});
CREATE TABLE "Roles" (
    "Id" uuid NOT NULL CONSTRAINT "PK_Roles" PRIMARY KEY, "Label" text NOT NULL, "DeveloperName" text NOT NULL,
    "SystemPermissions" integer NOT NULL, {_HISTORY});
CREATE TABLE "RoleUser" (
    "RolesId" uuid NOT NULL REFERENCES "Roles" ("Id") ON DELETE CASCADE,
    "UsersId" uuid NOT NULL REFERENCES "Users" ("Id") ON DELETE CASCADE,
    CONSTRAINT "PK_RoleUser" PRIMARY KEY ("RolesId", "UsersId"));
CREATE TABLE "Teams" ("Id" uuid NOT NULL CONSTRAINT "PK_Teams" PRIMARY KEY, "Name" text NOT NULL, {_HISTORY});
CREATE TABLE "Contacts" (
    "Id" bigint NOT NULL CONSTRAINT "PK_Contacts" PRIMARY KEY, "FirstName" text NOT NULL, "LastName" text NULL,
    "Email" text NULL, "OrganizationAccount" text NULL, "IsDeleted" boolean NOT NULL, "DeletionTime" timestamptz NULL,
    {_HISTORY});
CREATE TABLE "Tickets" (
    "Id" bigint NOT NULL CONSTRAINT "PK_Tickets" PRIMARY KEY, "Title" text NOT NULL, "Description" text NULL,
    "Status" text NOT NULL, "Priority" text NOT NULL, "Category" text NULL, "Language" text NULL,
    "OwningTeamId" uuid NULL REFERENCES "Teams" ("Id"), "AssigneeId" uuid NULL REFERENCES "Users" ("Id"),
    "CreatedByStaffId" uuid NULL REFERENCES "Users" ("Id"), "ContactId" bigint NULL REFERENCES "Contacts" ("Id"),
    "TagsJson" text NULL, "ResolvedAt" timestamptz NULL, "ClosedAt" timestamptz NULL, "SlaDueAt" timestamptz NULL,
    "SlaStatus" text NULL, "IsDeleted" boolean NOT NULL, "DeletionTime" timestamptz NULL, {_HISTORY});
CREATE TABLE "MediaItems" (
    "Id" uuid NOT NULL CONSTRAINT "PK_MediaItems" PRIMARY KEY, "Length" bigint NOT NULL, "FileName" text NOT NULL,
    "ContentType" text NOT NULL, "FileStorageProvider" text NOT NULL, "ObjectKey" text NOT NULL, {_HISTORY});
CREATE INDEX "IX_MediaItems_ObjectKey" ON "MediaItems" ("ObjectKey");
CREATE TABLE "BackgroundTasks" (
    "Id" uuid NOT NULL CONSTRAINT "PK_BackgroundTasks" PRIMARY KEY, "Name" text NOT NULL, "Args" text NOT NULL,
    "Status" text NOT NULL, "StatusInfo" text NULL, "PercentComplete" integer NOT NULL,
    "NumberOfRetries" integer NOT NULL, "ErrorMessage" text NULL, "CompletionTime" timestamptz NULL,
    "TaskStep" integer NOT NULL, {_HISTORY});
CREATE TABLE "ExportJobs" (
    "Id" uuid NOT NULL CONSTRAINT "PK_ExportJobs" PRIMARY KEY,
    "RequesterUserId" uuid NOT NULL CONSTRAINT "FK_ExportJobs_Requester" REFERENCES "Users" ("Id") ON DELETE RESTRICT,
    "RequestedAt" timestamptz NOT NULL, "Status" varchar(50) NOT NULL, "ProgressStage" varchar(100) NULL,
    "ProgressPercent" integer NULL, "RowCount" integer NULL, "ErrorMessage" text NULL, "CompletedAt" timestamptz NULL,
    "SnapshotPayloadJson" jsonb NOT NULL,
    "MediaItemId" uuid NULL CONSTRAINT "FK_ExportJobs_Media" REFERENCES "MediaItems" ("Id") ON DELETE SET NULL,
    "ExpiresAt" timestamptz NOT NULL, "IsCleanedUp" boolean NOT NULL,
    "BackgroundTaskId" uuid NULL
        CONSTRAINT "FK_ExportJobs_Task" REFERENCES "BackgroundTasks" ("Id") ON DELETE SET NULL, {_HISTORY});
CREATE INDEX "IX_ExportJobs_RequesterUserId" ON "ExportJobs" ("RequesterUserId");
CREATE INDEX "ExportJobs_ByStatus" ON "ExportJobs" ("Status");
CREATE INDEX "IX_ExportJobs_MediaItemId" ON "ExportJobs" ("MediaItemId");
CREATE INDEX "IX_ExportJobs_BackgroundTaskId" ON "ExportJobs" ("BackgroundTaskId")
"""


def create(engine: Engine) -> None:
    """Create the tables with some rows: exports of every status, two of them expired long ago."""
    with engine.begin() as connection:
        for statement in _DEFINITIONS.split(";\n"):
            # A type of SQLite that keeps the digits of a UUID as they are.
            is_sqlite = connection.dialect.name == "sqlite"
            connection.exec_driver_sql(statement.replace(" uuid ", " CHAR(32) ") if is_sqlite else statement)
        _fill(connection)


def _fill(connection: Connection) -> None:
    created = "2025-12-13 09:30:15.123456"
    keys = _Keys(connection.dialect.name)
    _insert(
        connection,
        "Users",
        Id=keys(1),
        FirstName="Ada",
        LastName="Byron",
        EmailAddress="ada@example.test",
        IsAdmin=True,
        IsActive=True,
        CreationTime=created,
    )
    _insert(
        connection,
        "Roles",
        Id=keys(2),
        Label="Agents",
        DeveloperName="agents",
        SystemPermissions=512,
        CreationTime=created,
    )
    _insert(connection, "RoleUser", RolesId=keys(2), UsersId=keys(1))
    _insert(connection, "Teams", Id=keys(3), Name="Billing", CreationTime=created)
    _insert(connection, "Contacts", Id=1, FirstName="Zoë", IsDeleted=False, CreationTime=created)
    for number in range(1, 21):
        _insert(
            connection,
            "Tickets",
            Id=number,
            Title=f"Printer {number}",
            Status="open",
            Priority="high",
            OwningTeamId=keys(3),
            ContactId=1,
            TagsJson='["vpn","office"]',
            IsDeleted=False,
            CreationTime=created,
        )
    _insert(
        connection,
        "MediaItems",
        Id=keys(4),
        Length=7,
        FileName="tickets.csv",
        ContentType="text/csv",
        FileStorageProvider="Local",
        ObjectKey="media/tickets.csv",
        CreationTime=created,
    )
    for number, (status, task) in enumerate(
        [("queued", "Scheduled"), ("running", "Processing"), ("completed", "Complete"), ("failed", "Error")]
    ):
        _insert(
            connection,
            "BackgroundTasks",
            Id=keys(10 + number),
            Name="ExportTicketsJob",
            Args='{"a": 1}',
            Status=task,
            PercentComplete=0,
            NumberOfRetries=0,
            TaskStep=0,
            CreationTime=created,
        )
        _insert(
            connection,
            "ExportJobs",
            Id=keys(20 + number),
            RequesterUserId=keys(1),
            RequestedAt=created,
            Status=status,
            SnapshotPayloadJson='{"Columns": ["id", "title"], "Filters": []}',
            MediaItemId=keys(4) if status == "completed" else None,
            ExpiresAt="2025-12-16 09:30:15.123456",
            IsCleanedUp=False,
            BackgroundTaskId=keys(10 + number),
            CreationTime=created,
        )
    # Its task was deleted.
    _insert(
        connection,
        "ExportJobs",
        Id=keys(30),
        RequesterUserId=keys(1),
        RequestedAt=created,
        Status="queued",
        SnapshotPayloadJson='{"Columns": ["id"]}',
        ExpiresAt="2099-12-16 09:30:15.123456",
        IsCleanedUp=False,
        CreationTime=created,
    )


class _Keys:
    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def __call__(self, number: int) -> object:
        key = uuid5(NAMESPACE_URL, str(number))
        return key.hex if self._dialect == "sqlite" else key


def _insert(connection: Connection, table: str, **values: object) -> None:
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'), values)


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return the other system's rows: all but the exports and files of the library, in the columns that it has made."""
    found = {}
    with engine.connect() as connection:
        for table in TABLES:
            names = ", ".join(f'"{name}"' for name in _columns(table))
            stored = connection.execute(sa.text(f'SELECT {names} FROM "{table}" ORDER BY 1, 2')).mappings()
            found[table] = [dict(row) for row in stored if table not in _SHARED or _is_other(row)]
    return found


_SHARED = {"ExportJobs", "MediaItems"}


def _columns(table: str) -> list[str]:
    (definition,) = [each for each in _DEFINITIONS.split(";\n") if f'CREATE TABLE "{table}"' in each]
    return re.findall(r'[(,]\s+"(\w+)" (?:uuid|text|boolean|timestamptz|integer|bigint|varchar|jsonb)', definition)


def _is_other(row: sa.RowMapping) -> bool:
    # Everything of the other system was created in 2025.
    return str(row["CreationTime"]).startswith("2025-12-13")
