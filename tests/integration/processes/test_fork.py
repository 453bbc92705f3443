"""A container that was used is used on in processes that are forked from it (gunicorn --preload, Celery's prefork)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from uuid import UUID, uuid4
from weakref import WeakSet

import pytest
from sqlalchemy.exc import TimeoutError

from tests.forked import exit_code, run_in_fork
from tests.integration.processes import forking
from tests.integration.processes.desk import opened
from ticket_export.catalog import TicketCatalog
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure import fork
from ticket_export.infrastructure.fork import renew_in_children
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.database.export_pool import one_connection_more

#: Seconds; only a failing test waits for so long.
PATIENCE = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.db'}"
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.mark.parametrize("engine", ["the library's", "a host's"])
def test_requests_of_a_process_and_of_two_that_were_forked_from_it_after_use_all_succeed(
    url: str, tmp_path: Path, engine: str
) -> None:
    with opened(url, tmp_path) as desk:
        of_the_host = ["host"] if engine == "a host's" else []
        ran = subprocess.run(
            [sys.executable, "-m", forking.__name__, url, str(tmp_path), *of_the_host],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            # Only the main thread forks; Python 3.12 warns of the others.
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        assert ran.returncode == 0, ran.stderr
        said = [json.loads(line) for line in ran.stdout.splitlines()]
        reports = [each for each in said if "requested" in each]
        assert len({each["process"] for each in reports}) == 3
        if desk.container.engine().dialect.name == "postgresql":
            assert len({each["backend"] for each in reports}) == 3, "two processes share a connection"
        for each in reports:
            assert len(each["requested"]) == forking.REQUESTS
            for job_id in each["requested"]:
                assert desk.status(UUID(job_id)) in {"queued", "running"}
        claims = [each for each in said if "claimed_by" in each]
        assert len(claims) == 2
        for each in claims:
            assert each["claimed_by"].endswith(f":{each['process']}")
    assert "Traceback" not in ran.stderr


# A child waits for ever for the lock of coverage if another thread holds it now.
@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_singleton_that_another_thread_is_making_is_not_locked_in_the_child() -> None:
    making, forked = Event(), Event()

    def make() -> TicketCatalog:
        making.set()
        forked.wait(0.5)
        return reference_catalog(build_help_desk_tables())

    from dependency_injector.providers import ThreadSafeSingleton

    container = TicketExportContainer()
    container.catalog.override(ThreadSafeSingleton(make))
    maker = Thread(target=container.catalog, daemon=True)
    maker.start()
    assert making.wait(PATIENCE)

    def take_the_lock() -> None:
        assert ThreadSafeSingleton.storage_lock.acquire(timeout=PATIENCE)  # type: ignore[attr-defined]

    child = run_in_fork(take_the_lock)
    forked.set()
    maker.join(PATIENCE)
    assert exit_code(child) == 0


# A child waits for ever for the lock of coverage if another thread holds it now.
@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_turn_that_another_thread_has_while_a_process_forks_is_free_in_the_child() -> None:
    turns = TicketExportContainer().request_export.kwargs["turns"]()
    user, has_turn, forked = uuid4(), Event(), Event()

    def request() -> None:
        with turns.of(user):
            has_turn.set()
            forked.wait(PATIENCE)

    requester = Thread(target=request, daemon=True)
    requester.start()
    assert has_turn.wait(PATIENCE)

    def take_the_turn() -> None:
        with turns.of(user):
            pass

    child = run_in_fork(take_the_turn)
    forked.set()
    requester.join(PATIENCE)
    assert exit_code(child) == 0


@pytest.mark.parametrize("end", ["before", "after"])
def test_pool_that_replaces_one_is_of_the_same_size_however_many_exports_read(tmp_path: Path, end: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'desk.db'}")
    with ExitStack() as exports:
        for _ in range(3):
            exports.enter_context(one_connection_more(engine))
        if end == "before":
            exports.close()
        # As in a child, but that there nothing is closed.
        engine.dispose()
        with ExitStack() as connections:
            for _ in range(15):
                connections.enter_context(engine.connect())
            engine.pool._timeout = 0.01  # type: ignore[attr-defined]
            with pytest.raises(TimeoutError):
                engine.connect()
    engine.dispose()


def test_what_is_to_be_renewed_in_a_child_is_forgotten_with_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    # This process is no child, and keeps what it has.
    renewals: list[object] = []
    monkeypatch.setattr(fork, "_renewals", renewals)
    monkeypatch.setattr(fork, "_engines", WeakSet())

    class Renewed:
        def __init__(self) -> None:
            self.count = 0

        def renew(self) -> None:
            self.count += 1

    kept, gone = Renewed(), Renewed()
    renew_in_children(gone.renew)
    del gone
    renew_in_children(kept.renew)
    assert len(renewals) == 1
    fork._after_fork_in_child()
    assert kept.count == 1
