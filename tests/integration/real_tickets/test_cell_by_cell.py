"""Every cell of the real tickets comes back through four independent readers."""

from __future__ import annotations

import csv
from pathlib import Path
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pytest

from tests.integration.real_tickets.support_tickets import PHYSICAL_LINES, TICKETS, SupportTickets, cell, read_back
from ticket_export import Actor, SystemPermissions, TicketExportContainer
from ticket_export.testing.entities import AN_ACTOR


@pytest.fixture(scope="session")
def exported(container: TicketExportContainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    admin = _store_admin(container)
    columns = [column.name for column in container.ticket_source().columns(AN_ACTOR)]
    job = container.request_export()(admin, {"columns": columns, "sortField": "id"})
    done = container.get_export()(admin, job.id)
    assert (done.status, done.row_count) == ("completed", TICKETS)
    path = tmp_path_factory.mktemp("download") / "tickets.csv"
    with container.open_download()(admin, job.id).stream as stream:
        path.write_bytes(stream.read())
    return path


def _store_admin(container: TicketExportContainer) -> Actor:
    tables = container.tables()
    user_id, role_id = UUID(int=1), UUID(int=2)
    permissions = SystemPermissions.IMPORT_EXPORT_TICKETS
    with container.engine().begin() as connection:
        connection.execute(
            tables.users.insert(),
            {"id": user_id, "first_name": "A", "last_name": "D", "email_address": "admin@example.test"}
            | {"is_admin": True, "is_active": True},
        )
        connection.execute(
            tables.roles.insert(),
            {"id": role_id, "label": "Exporter", "developer_name": "exporter", "system_permissions": permissions},
        )
        connection.execute(tables.role_user.insert(), {"roles_id": role_id, "users_id": user_id})
    return Actor(user_id=user_id, is_admin=True, permissions=permissions)


@pytest.fixture(scope="session")
def expected(container: TicketExportContainer, tickets: SupportTickets) -> list[list[str]]:
    columns = list(container.ticket_source().columns(AN_ACTOR))
    header = [column.label for column in columns]
    return [header, *([cell(ticket[column.name]) for column in columns] for ticket in tickets.plain)]


def test_the_file_has_as_many_lines_as_the_descriptions_make(exported: Path, tickets: SupportTickets) -> None:
    breaks = sum(ticket["description"].count("\n") for ticket in tickets.plain)
    assert exported.read_bytes().count(b"\n") == breaks + TICKETS + 1 == PHYSICAL_LINES


def test_python_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    with exported.open(newline="", encoding="utf-8-sig") as file:
        assert read_back(csv.reader(file)) == expected


def test_pandas_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    frame = pd.read_csv(exported, dtype=str, keep_default_na=False)
    assert read_back([list(frame.columns), *frame.to_numpy().tolist()]) == expected


def test_polars_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    frame = pl.read_csv(exported, infer_schema=False, empty_string_is_null=False)
    assert read_back([frame.columns, *frame.rows()]) == expected


def test_duckdb_reads_every_cell(exported: Path, expected: list[list[str]]) -> None:
    found = duckdb.read_csv(str(exported), all_varchar=True, header=True)
    rows = [[value or "" for value in row] for row in found.fetchall()]
    assert read_back([list(found.columns), *rows]) == expected
