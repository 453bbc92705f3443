"""All clocks keep the contract; the one in memory stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from time import time_ns

import pytest
from sqlalchemy import Engine, text

from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.persistence.database.clock import DatabaseClock
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.system_clock import SystemClock
from ticket_export.testing.clock import ClockContract

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class TestSystemClock(ClockContract[SystemClock]):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    def now_behind(self, clock: SystemClock) -> datetime:
        # The same clock of the machine as Python's `datetime` asks, in its finest unit, cut off to microseconds.
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns() // 1000)


class TestInMemoryClock(ClockContract[InMemoryClock]):
    @pytest.fixture
    def clock(self) -> InMemoryClock:
        return InMemoryClock(NOON)

    def now_behind(self, clock: InMemoryClock) -> datetime:
        return NOON


class TestDatabaseClock(ClockContract[DatabaseClock]):
    # A measurement is as old as the answer took; a busy machine takes long.
    tolerance = timedelta(seconds=5)

    @pytest.fixture
    def clock(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
        # The machine's own clock is another one.
        monkeypatch.setattr(SystemClock, "now", lambda _self: NOON)
        with SqlAlchemyUnitOfWork(engine):
            return DatabaseClock(lambda: engine)

    @pytest.fixture
    def engine(self, postgresql_url: str) -> Iterator[Engine]:
        self.database = create_engine(postgresql_url)
        yield self.database
        self.database.dispose()

    def now_behind(self, clock: DatabaseClock) -> datetime:
        with self.database.connect() as connection:
            now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now


def test_clock_of_a_database_that_has_told_nothing_yet_or_never_does_is_the_machines(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _self: NOON)
    engines = [create_engine(url) for url in (postgresql_url, f"sqlite:///{tmp_path / 'desk.db'}")]
    clocks = [DatabaseClock(lambda engine=engine: engine) for engine in engines]  # type: ignore[misc]
    assert [clock.now() for clock in clocks] == [NOON, NOON]
    for engine in engines:
        with SqlAlchemyUnitOfWork(engine):
            pass
    assert clocks[0].now() != NOON
    assert clocks[1].now() == NOON
    for engine in engines:
        engine.dispose()


class Local(SystemClock):
    """Tells the time as it hangs on a wall somewhere."""

    def now(self) -> datetime:
        return super().now().astimezone(timezone(timedelta(hours=1)))


class Slow(SystemClock):
    """Is an hour late."""

    def now(self) -> datetime:
        return super().now() - timedelta(hours=1)


@pytest.mark.parametrize(
    ("clock", "claim"),
    [
        (Local(), TestSystemClock().test_time_is_aware_and_in_utc),
        (Slow(), TestSystemClock().test_time_is_that_of_what_the_clock_goes_by),
    ],
    ids=["local", "slow"],
)
def test_contract_notices_a_clock_that_breaks_it(clock: SystemClock, claim: Callable[[SystemClock], None]) -> None:
    with pytest.raises(AssertionError):
        claim(clock)


def test_the_clock_in_memory_stands_where_it_was_set_and_moves_when_told() -> None:
    clock = InMemoryClock()
    clock.set(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(hours=72))
    assert clock.now() == datetime(2026, 1, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_the_clock_in_memory_takes_no_other_time(zone: timezone | None) -> None:
    with pytest.raises(ValueError, match="must be an aware datetime in UTC"):
        InMemoryClock(datetime(2026, 1, 1, tzinfo=zone))
