"""Suites of hosts: each database, with ATOMIC_REQUESTS on and off, in each kind of TestCase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.django.host_suite import run_pytest_suite, run_suite
from tests.django.project import DeskProject
from tests.postgresql_server import PostgresqlServer

_MATRIX = frozenset(
    {
        "test_a_commit_leaves_one_job_one_task_and_one_hint",
        "test_an_error_after_the_request_leaves_nothing",
        "test_set_rollback_after_the_request_leaves_nothing",
        "test_an_inner_block_that_is_rolled_back_leaves_the_other_export",
        "test_a_file_has_the_rows_of_the_view_and_is_downloaded",
    }
)
_LIVE = {
    "test_a_commit_leaves_one_of_each_and_the_file_is_served",
    "test_an_error_after_the_request_leaves_nothing",
}
_DATABASES = ["sqlite_in_memory", "sqlite_file", "postgresql", "postgresql_with_pool"]


@pytest.fixture(params=_DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskProject]:
    """The help desk on each database that tests may have."""
    if request.param.startswith("sqlite"):
        file = {"DESK_TEST_FILE"} if request.param == "sqlite_file" else set()
        yield DeskProject(tmp_path, options=frozenset(file))
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    pool = {"DESK_POOL"} if request.param == "postgresql_with_pool" else set()
    with server.database(migrated=False) as url:
        yield DeskProject(tmp_path, url, frozenset(pool))


@pytest.fixture(params=["atomic_requests", "autocommit"])
def desk(request: pytest.FixtureRequest, database: DeskProject) -> DeskProject:
    """The same with ATOMIC_REQUESTS on and off."""
    atomic = {"DESK_ATOMIC"} if request.param == "atomic_requests" else set()
    return attrs.evolve(database, options=database.options | atomic)


def test_every_kind_of_test_case_sees_what_a_commit_and_a_rollback_leave(desk: DeskProject) -> None:
    passed = run_suite(desk, "test_cases")
    assert passed["CaseTests"] >= _MATRIX
    assert passed["TransactionCaseTests"] >= _MATRIX
    assert passed["LiveServerTests"] >= _LIVE
    assert passed["SimpleCaseTests"] == {"test_an_export_is_refused_as_every_query_is"}
    assert passed["DatabaseTests"] == {"test_the_database_is_the_one_that_was_asked_for"}


# The pool makes no difference to the runner.
@pytest.mark.parametrize("database", _DATABASES[:3], indirect=True)
def test_pytest_django_sees_what_a_commit_and_a_rollback_leave(desk: DeskProject) -> None:
    assert run_pytest_suite(desk, "pytest_suite") == 5


@pytest.mark.parametrize("database", _DATABASES[:3], indirect=True)
def test_a_flush_that_restores_the_first_rows_leaves_exports_working(database: DeskProject) -> None:
    assert run_suite(database, "test_serialized")["SerializedCaseTests"] >= _MATRIX


@pytest.mark.parametrize("database", ["sqlite_file", "postgresql"], indirect=True)
def test_tests_run_in_parallel_and_keep_their_databases(database: DeskProject) -> None:
    kept = ("--parallel", "2", "--keepdb")
    assert run_suite(database, "test_cases", *kept)["TransactionCaseTests"] >= _MATRIX
    assert run_suite(database, "test_cases", *kept)["CaseTests"] >= _MATRIX


# The library's own connections cannot share a database in memory.
@pytest.mark.parametrize("database", _DATABASES[1:], indirect=True)
def test_transactions_of_a_host_keep_or_undo_what_was_requested_inside(database: DeskProject) -> None:
    passed = run_suite(database, "test_transactions")
    assert {kind: len(names) for kind, names in passed.items()} == {"TransactionTests": 25, "AuditTests": 4}


def test_the_wiring_holds_for_a_block_and_uses_djangos_connection_alone(database: DeskProject) -> None:
    passed = run_suite(database, "test_wiring")
    assert {kind: len(names) for kind, names in passed.items()} == {
        "WiringInCaseTests": 8,
        "WiringInTransactionCaseTests": 8,
        "WiringOfAClassTests": 1,
    }


def test_it_is_refused_outside_of_djangos_tests(tmp_path: Path) -> None:
    code = "from ticket_export.testing.django import exports_in_tests\nwith exports_in_tests(): pass"
    ended = DeskProject(tmp_path).run(code, check=False)
    assert "ConfigurationError: exports_in_tests is for tests: start them by `python manage.py test`" in ended.stderr
