"""A database that takes everything and answers nothing, while its connections stand."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.integration.processes.desk import VIEW, Desk
from tests.silent_proxy import SilentProxy
from ticket_export import Actor, TicketExportContainer, create_engine
from ticket_export.application.run.progress import Progress
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.errors import JobDatabaseError, LeaseLostError
from ticket_export.infrastructure.persistence.database.answer_watch import WATCH
from ticket_export.infrastructure.persistence.database.engine import SHORTLY

pytestmark = pytest.mark.once_flaky

#: Seconds; only a failing test waits for so long.
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch, proxy: SilentProxy) -> None:
    """While the database is silent, calls wait for two seconds; while it answers, as long as a busy machine needs."""
    cut, mend, long = proxy.cut, proxy.mend, WATCH.patience

    def cut_and_hurry() -> None:
        monkeypatch.setattr(WATCH, "patience", 2.0)
        cut()

    def mend_and_wait() -> None:
        monkeypatch.setattr(WATCH, "patience", long)
        mend()

    monkeypatch.setattr(proxy, "cut", cut_and_hurry)
    monkeypatch.setattr(proxy, "mend", mend_and_wait)


@pytest.fixture
def silent(desk: Desk, proxy: SilentProxy) -> TicketExportContainer:
    """On the desk's database by way of the proxy, with connections in its pool."""
    container = desk.another(f"{proxy.url}?connect_timeout=2", stall_seconds=1, lease_seconds=1)
    container.recover_stalled_exports()()
    return container


CALLS: dict[str, Callable[[TicketExportContainer, Actor, UUID], object]] = {
    "request": lambda container, actor, _: container.request_export()(actor, {**VIEW, "viewId": str(uuid4())}),
    "cancel": lambda container, actor, job_id: container.cancel_export()(actor, job_id),
    "get": lambda container, actor, job_id: container.get_export()(actor, job_id),
    "list": lambda container, actor, _: container.list_exports()(actor),
    "recover": lambda container, _, __: container.recover_stalled_exports()(),
    "clean up": lambda container, _, __: container.clean_up_expired_exports()(),
    "claim": lambda container, _, __: container.claims().claim_next(),
    "user": lambda container, actor, _: container.user_directory().find(actor.user_id),
}


@pytest.mark.parametrize("call", CALLS)
def test_call_that_is_not_answered_raises_and_the_next_one_works(
    desk: Desk, silent: TicketExportContainer, proxy: SilentProxy, call: str
) -> None:
    actor, job_id = desk.actor, desk.request()
    errors: list[BaseException] = []

    def make() -> None:
        try:
            CALLS[call](silent, actor, job_id)
        except JobDatabaseError as error:
            errors.append(error)

    proxy.cut()
    # A connection that is made now is waited for, too, and that takes the driver's own time; those of the pool are cut.
    thread = Thread(target=make, daemon=True)
    thread.start()
    silent_since = proxy.connections
    thread.join(3)
    proxy.mend()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "a call waits for ever"
    assert silent_since
    CALLS[call](silent, actor, job_id)


def test_export_whose_progress_and_rows_are_not_answered_lets_its_thread_go(
    desk: Desk, silent: TicketExportContainer, proxy: SilentProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_export.infrastructure.tickets.postgresql.reader._INTERRUPT_TIMEOUT", 1)
    job_id = desk.request()
    ended: list[BaseException] = []

    def cut(_progress: Progress) -> None:
        proxy.cut()

    def run() -> None:
        try:
            silent.run_export()(job_id, on_progress=cut)
        except (LeaseLostError, JobDatabaseError) as error:
            ended.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    # New connections, by which the query would be cancelled, are not answered either.
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the export's thread waits for ever"
    assert len(ended) == 1
    proxy.mend()
    desk.container.recover_stalled_exports()()
    desk.container.worker().drain()
    assert desk.status(job_id) == "completed"


@pytest.mark.parametrize("is_draining", [True, False])
def test_worker_whose_database_is_silent_stops_when_it_is_told(
    desk: Desk, silent: TicketExportContainer, proxy: SilentProxy, is_draining: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_export.infrastructure.tasks.worker._GRACE", 0.5)
    monkeypatch.setattr("ticket_export.infrastructure.tasks.until_stopped._GRACE", 0.5)
    desk.request()
    stop, worker = StopSignal(), silent.worker()
    proxy.cut()
    monkeypatch.setattr(WATCH, "patience", PATIENCE)
    work = worker.drain if is_draining else worker.run
    thread = Thread(target=lambda: work(stop=stop), daemon=True)
    thread.start()
    thread.join(1)
    assert thread.is_alive()
    stop.give()
    thread.join(PATIENCE / 2)
    assert not thread.is_alive(), "the worker does not stop"


def test_connection_of_the_pool_that_is_not_answered_is_replaced(postgresql_url: str, proxy: SilentProxy) -> None:
    engine = create_engine(proxy.url)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    proxy.cut()
    # A connection that was used a moment ago is not asked.
    sleep(SHORTLY)
    errors: list[BaseException] = []

    def use() -> None:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    thread = Thread(target=use, daemon=True)
    thread.start()
    deadline = monotonic() + PATIENCE
    while proxy.connections == 1:
        assert monotonic() < deadline, "the one of the pool is still waited for"
        sleep(0.05)
    proxy.mend()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert errors == []
    engine.dispose()
