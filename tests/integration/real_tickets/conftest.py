from __future__ import annotations

from collections.abc import Iterator

import pytest
from dependency_injector.providers import Object

from tests.integration.real_tickets import support_tickets
from tests.integration.real_tickets.support_tickets import SupportTickets
from ticket_export import Settings, TicketExportContainer
from ticket_export.infrastructure.migrate import upgrade


@pytest.fixture(scope="session")
def tickets() -> SupportTickets:
    if not support_tickets.DATA.exists():
        pytest.skip(f"the real tickets are not here: {support_tickets.DATA.name}")
    return support_tickets.load()


@pytest.fixture(scope="session")
def container(tickets: SupportTickets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TicketExportContainer]:
    folder = tmp_path_factory.mktemp("real")
    container = TicketExportContainer()
    container.settings.override(
        Object(
            Settings(
                database_url=f"sqlite:///{folder}/desk.db",
                storage_url=(folder / "files").as_uri(),
                task_queue="inline",
            )
        )
    )
    engine, tables = container.engine(), container.tables()
    upgrade(engine, reference_schema=True)
    with engine.begin() as connection:
        connection.execute(tables.users.insert(), tickets.users)
        connection.execute(tables.teams.insert(), tickets.teams)
        connection.execute(tables.contacts.insert(), tickets.contacts)
        connection.execute(tables.tickets.insert(), tickets.rows)
    yield container
    engine.dispose()
