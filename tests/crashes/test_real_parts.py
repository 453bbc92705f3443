"""Every call of every port, made to fail and to die, on files and SQLite, and the runs on PostgreSQL too."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crashes.case import Scenario, Stage
from tests.crashes.enumeration import enumerate_faults
from tests.crashes.process import Fault, Mode
from tests.crashes.real_world import RealWorld
from tests.crashes.requests import Requesting
from tests.crashes.runs import Running, RunningAndLosingTickets, RunningWithProgress
from tests.crashes.scenarios import SCENARIOS, name_of
from tests.crashes.upkeep import CleaningUp, Draining, Recovering
from tests.memory_folder import memory_folder

# Who is dead closes no file; the test's own process, which goes on, is told so when it finds one:
# at the end of each test, not in one of another module.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is room: every case begins with a new copy of it."""
    with TemporaryDirectory(prefix="ticket-export-", dir=memory_folder()) as folder:
        yield Path(folder)


@pytest.fixture
def world(folder: Path) -> Iterator[RealWorld]:
    world = RealWorld.make(folder)
    yield world
    world.close()
    gc.collect()


@pytest.fixture
def postgresql_world(folder: Path, postgresql_url: str) -> Iterator[RealWorld]:
    world = RealWorld.make(folder, postgresql_url)
    yield world
    world.close()
    gc.collect()


# They are the same as in memory, and a state between two changes of a real part is one of the others.
_NOT_REAL = ("Clock.", "ExportEvents.")
# Two repeat, in one longer run, what the others do; one is for PostgreSQL.
_SCENARIOS = [
    each for each in SCENARIOS if not isinstance(each, RunningWithProgress | Draining | RunningAndLosingTickets)
]
_TO_FAIL = [Requesting(), Running(), CleaningUp()]
# Where PostgreSQL's transactions matter; the rest is the same SQL.
_ON_POSTGRESQL = [Requesting(), Running(), RunningAndLosingTickets(), Recovering()]


@pytest.mark.parametrize("scenario", _SCENARIOS, ids=name_of)
def test_whatever_call_a_process_dies_after_the_end_is_right(
    scenario: Scenario, world: RealWorld, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hits = enumerate_faults(Stage(scenario, world), Mode.DIE_AFTER, but_not=_NOT_REAL)
    record_testsuite_property(f"cases on real parts: {name_of(scenario)}, {Mode.DIE_AFTER}", len(hits))
    assert hits


@pytest.mark.parametrize("scenario", _TO_FAIL, ids=name_of)
def test_whatever_call_fails_the_end_is_right(
    scenario: Scenario, world: RealWorld, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hits = enumerate_faults(Stage(scenario, world), Mode.RAISE, but_not=_NOT_REAL)
    record_testsuite_property(f"cases on real parts: {name_of(scenario)}, {Mode.RAISE}", len(hits))
    assert hits


@pytest.mark.parametrize("scenario", _ON_POSTGRESQL, ids=name_of)
def test_whatever_call_a_process_dies_after_the_end_is_right_on_postgresql(
    scenario: Scenario, postgresql_world: RealWorld, record_testsuite_property: Callable[[str, object], None]
) -> None:
    hits = enumerate_faults(Stage(scenario, postgresql_world), Mode.DIE_AFTER, but_not=_NOT_REAL)
    record_testsuite_property(f"cases on PostgreSQL: {name_of(scenario)}, {Mode.DIE_AFTER}", len(hits))
    assert hits


# The database does not decide what a format writes: each one dies on one database, and fails on the other.
@pytest.mark.parametrize(
    ("file_format", "database", "mode"),
    [
        ("xlsx", "postgresql", Mode.DIE_AFTER),
        ("xlsx", "sqlite", Mode.RAISE),
        ("ndjson", "sqlite", Mode.DIE_AFTER),
        ("ndjson", "postgresql", Mode.RAISE),
    ],
)
def test_whatever_call_of_a_run_fails_or_dies_the_end_is_right_in_every_format(
    file_format: str, database: str, mode: Mode, folder: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else None
    world = RealWorld.make(folder, url, file_format=file_format)
    try:
        assert enumerate_faults(Stage(Running(), world), mode, but_not=_NOT_REAL)
    finally:
        world.close()
        gc.collect()


def test_a_dead_writer_leaves_what_only_time_removes(world: RealWorld) -> None:
    """Or the claim that nothing is left over in the end would claim nothing."""
    stage = Stage(Running(), world)
    writing = stage.play().process.calls.index("ObjectWriter.write")
    stage.play(Fault(writing, Mode.DIE_AFTER))
    assert (world.partials(), len(world.objects())) == (1, 0)
