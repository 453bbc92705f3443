"""Test the exports of the CRM without a database and without a disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from dependency_injector.providers import Factory

from host_app import case_catalog
from ticket_export import (
    Actor,
    ExportExpiredError,
    ExportNotReadyError,
    InvalidPayloadError,
    SystemPermissions,
    TicketExportContainer,
)
from ticket_export.ports import User
from ticket_export.testing.memory import (
    InMemoryAuditLog,
    InMemoryClock,
    InMemoryDatabase,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicket,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VIEW = {"columns": ["number", "subject"], "sortField": "number", "sortDirection": "desc"}


@pytest.fixture
def container() -> TicketExportContainer:
    database = InMemoryDatabase()
    ada = User(id=uuid4(), first_name="Ada", last_name="Byron", email_address="ada@example.test", is_admin=True)
    users = InMemoryUserDirectory(database)
    users.add(ada, SystemPermissions.IMPORT_EXPORT_TICKETS)
    cases = [
        InMemoryTicket(id=1, created_at=NOON - timedelta(days=2), values={"number": 1, "subject": "=1+1"}),
        InMemoryTicket(id=2, created_at=NOON - timedelta(days=1), values={"number": 2, "subject": "Printer"}),
    ]
    container = TicketExportContainer()
    container.unit_of_work.override(Factory(InMemoryUnitOfWork, database))
    container.user_directory.override(users)
    container.ticket_source.override(InMemoryTicketSource(case_catalog.describe(), cases))
    container.storage.override(InMemoryStorage())
    container.clock.override(InMemoryClock(NOON))
    container.audit_log.override(InMemoryAuditLog())
    container.task_queue.override(InMemoryTaskQueue())
    return container


@pytest.fixture
def ada(container: TicketExportContainer) -> Actor:
    actor = container.user_directory().find_by_email("ada@example.test")
    assert actor
    return actor


def test_an_export_shows_the_view(container: TicketExportContainer, ada: Actor) -> None:
    job = container.request_export()(ada, VIEW)
    container.worker().drain()
    with container.open_download()(ada, job.id).stream as file:
        assert file.read().decode("utf-8-sig") == "Case,Subject\n2,Printer\n1,'=1+1\n"


def test_a_column_that_the_catalog_lacks_is_refused(container: TicketExportContainer, ada: Actor) -> None:
    with pytest.raises(InvalidPayloadError, match="salary"):
        container.request_export()(ada, {"columns": ["salary"]})


def test_a_second_click_gets_the_first_export(container: TicketExportContainer, ada: Actor) -> None:
    first, second = container.request_export()(ada, VIEW), container.request_export()(ada, VIEW)
    assert (second.id, second.already_requested) == (first.id, True)


def test_a_cancelled_export_has_no_file(container: TicketExportContainer, ada: Actor) -> None:
    job = container.request_export()(ada, VIEW)
    assert container.cancel_export()(ada, job.id).error_message == "Cancelled"
    container.worker().drain()
    with pytest.raises(ExportNotReadyError):
        container.open_download()(ada, job.id)


def test_a_file_is_gone_after_its_retention(container: TicketExportContainer, ada: Actor) -> None:
    job = container.request_export()(ada, VIEW)
    container.worker().drain()
    container.clock.override(InMemoryClock(NOON + timedelta(hours=72)))
    container.clean_up_expired_exports()()
    assert [key for key in container.storage().list("exports/") if str(job.id) in key] == []
    with pytest.raises(ExportExpiredError):
        container.open_download()(ada, job.id)
