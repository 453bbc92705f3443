"""An entry in the table is part of the transaction that it tells of, on a connection of the host's as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from dependency_injector.providers import Object
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.orm import Session

from ticket_export import Actor, JoinedUnitOfWork, Settings, SystemPermissions, TicketExportContainer
from ticket_export.infrastructure.persistence.audit_log import SqlAlchemyAuditLog
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.testing.audit_log import an_entry
from ticket_export.testing.entities import a_user

VIEW = {"columns": ["id"]}


@pytest.fixture
def container(each_postgresql_url: str, tmp_path: Path) -> Iterator[TicketExportContainer]:
    container = TicketExportContainer()
    settings = Settings(database_url=each_postgresql_url, storage_url=tmp_path.as_uri(), audit_log="table")
    container.settings.override(Object(settings))
    yield container
    container.engine().dispose()


@pytest.fixture
def host(each_postgresql_url: str) -> Iterator[Engine]:
    """An engine of the host's own making."""
    engine = sa.create_engine(make_url(each_postgresql_url).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def actor(container: TicketExportContainer) -> Actor:
    user = a_user()
    with container.engine().begin() as connection:
        values = {"id": user.id, "first_name": "A", "last_name": "B", "email_address": user.email_address}
        connection.execute(container.tables().users.insert(), values)
    return Actor(user_id=user.id, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)


def recorded(container: TicketExportContainer, connection: Connection | Session | None = None) -> list[str]:
    entries = container.tables().export_audit_entries
    asked = sa.select(entries.c.action).order_by(entries.c.at)
    if connection is not None:
        return list(connection.execute(asked).scalars())
    with container.engine().connect() as own:
        return list(own.execute(asked).scalars())


@pytest.mark.parametrize("commits", [True, False])
def test_request_and_cancellation_are_recorded_in_the_transaction_of_the_hosts_connection(
    container: TicketExportContainer, host: Engine, actor: Actor, commits: bool
) -> None:
    with host.connect() as connection:
        work = JoinedUnitOfWork(connection, container.tables())
        job = container.request_export(unit_of_work=lambda: work)(actor, VIEW)
        container.cancel_export(unit_of_work=lambda: work)(actor, job.id)
        assert recorded(container, connection) == ["requested", "cancelled"]
        assert recorded(container) == []
        connection.commit() if commits else connection.rollback()
    assert recorded(container) == (["requested", "cancelled"] if commits else [])
    work.committed()
    assert recorded(container) == (["requested", "cancelled"] if commits else [])


@pytest.mark.parametrize("commits", [True, False])
def test_request_is_recorded_in_the_transaction_of_the_hosts_session(
    container: TicketExportContainer, host: Engine, actor: Actor, commits: bool
) -> None:
    with Session(host) as session:
        work = JoinedUnitOfWork(session, container.tables())
        container.request_export(unit_of_work=lambda: work)(actor, VIEW)
        assert recorded(container, session) == ["requested"]
        assert recorded(container) == []
        session.commit() if commits else session.rollback()
    assert recorded(container) == (["requested"] if commits else [])


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({}, True),
        ({"username": "somebody", "password": "else"}, True),
        ({"drivername": "postgresql+psycopg2"}, True),
        ({"database": "another"}, False),
        ({"host": "db.example.test"}, False),
        ({"port": 1}, False),
        ({"query": {"host": "/another/folder"}}, False),
    ],
)
def test_log_is_kept_where_a_connection_leads_if_both_have_one_address(
    each_postgresql_url: str, change: dict[str, object], is_same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(each_postgresql_url)
    log_engine = create_engine(each_postgresql_url)
    monkeypatch.setattr(log_engine, "url", engine.url.set(**change))  # type: ignore[arg-type]
    with engine.connect() as connection:
        assert SqlAlchemyAuditLog(log_engine).is_kept_where(connection) is is_same
        assert SqlAlchemyAuditLog(engine).is_kept_where(connection)
        options = connection.engine.execution_options(isolation_level="AUTOCOMMIT")
        assert SqlAlchemyAuditLog(options).is_kept_where(connection)
    for each in (engine, log_engine):
        each.dispose()


def test_entry_that_the_server_refuses_undoes_the_request(container: TicketExportContainer, actor: Actor) -> None:
    with container.engine().begin() as connection:
        connection.execute(sa.text('ALTER TABLE "ExportAuditEntries" ADD CHECK ("Action" <> \'requested\')'))
    with pytest.raises(Exception, match="conflicts with what is stored"):
        container.request_export()(actor, VIEW)
    assert container.list_exports()(actor).total == 0
    container.audit_log().record(an_entry())
    assert recorded(container) == ["completed"]
