"""The connections of Django that a worker uses: none is left open, and none that is lost fails an export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.django.own_settings import OwnProject, own_project
from tests.django.project import DeskProject
from tests.django.test_commands import REQUEST
from tests.embedded_postgresql import EmbeddedServer, restartable_postgresql
from tests.postgresql_server import PostgresqlServer

_COUNTED = f"""{REQUEST}
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.signals import connection_created
opened = []
connection_created.connect(lambda connection, **_: opened.append(connection.connection), weak=False)
def is_open(each):
    try:
        each.execute("SELECT 1")
    except Exception:
        return False
    return True
request(5)
connections.close_all()
opened.clear()
call_command("export_worker", drain=True, concurrency=2, verbosity=0)
assert opened
pool = getattr(connection, "pool", None)
print(sum(map(is_open, opened)) if pool is None else pool.get_stats()["pool_size"] - pool.get_stats()["pool_available"])
from ticket_export.entrypoints.django.models import ExportJob
print(ExportJob.objects.filter(status="completed").count())
"""


@pytest.mark.parametrize("lines", ["", "DATABASES['default']['CONN_MAX_AGE'] = None"], ids=["closed", "persistent"])
def test_no_connection_of_django_is_left_by_a_worker(project: DeskProject, lines: str) -> None:
    own = own_project(project, lines)
    own.manage("migrate", "--verbosity=0")
    assert own.run(_COUNTED).stdout.split() == ["0", "5"]


def test_every_connection_of_a_pool_is_returned(tmp_path: Path, empty_postgresql_url: str) -> None:
    project = DeskProject(tmp_path, empty_postgresql_url, frozenset({"DESK_POOL"}))
    project.manage("migrate", "--verbosity=0")
    assert project.run(_COUNTED).stdout.split() == ["0", "5"]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with restartable_postgresql() as server:
        yield server


@pytest.mark.parametrize("pool", [False, True], ids=["connections", "pool"])
def test_a_worker_goes_on_after_the_database_was_restarted(tmp_path: Path, server: EmbeddedServer, pool: bool) -> None:
    with PostgresqlServer(server.url).database(migrated=False) as url:
        lines = "" if pool else "DATABASES['default']['CONN_MAX_AGE'] = None"
        options = frozenset({"DESK_POOL"} if pool else ())
        project: OwnProject = own_project(DeskProject(tmp_path, url, options), lines)
        project.manage("migrate", "--verbosity=0")
        project.run(f"{REQUEST}\nrequest(2)")
        with project.started("export_worker"):
            project.wait_for("worker ready")
            _wait_for_completed(project, 2)
            server.restart("fast")
            project.run(f"{REQUEST}\nrequest(4)")
            _wait_for_completed(project, 6)
        assert "failed" not in project.log.read_text("utf-8").replace("the worker failed; it continues", "")


def _wait_for_completed(project: OwnProject, count: int) -> None:
    waiting = f"""
from time import monotonic, sleep
from ticket_export.entrypoints.django.models import ExportJob
deadline = monotonic() + 60
while (found := ExportJob.objects.filter(status="completed").count()) < {count} and monotonic() < deadline:
    sleep(0.1)
print(found)
"""
    assert project.run(waiting).stdout.strip() == str(count), project.log.read_text("utf-8")
