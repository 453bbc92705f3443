"""The contract of a job engine: every export completes exactly once, whatever happens to the engine.

Inherit it in your adapter's tests::

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def engine(self) -> JobEngine:
            return MyEngine()

The suite requests exports of distinct views. Meanwhile it kills the engine's processes, whole workers and single
children, and tells some to stop. It loses, doubles, delays and reorders hints. If the engine inherits `SupportsBroker`,
it deletes the messages of the broker, and stops and starts it; with `SupportsDatabaseRestart` it restarts the database.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest

from ticket_export.testing.engines.chaos import Chaos
from ticket_export.testing.engines.job_engine import JobEngine


class EngineContract:
    """The test; override the fixture `engine`, and `database_url` for another database than SQLite.

    Attributes:
        exports: how many exports are requested; there are half as many faults, and at least one of each kind.
        tickets: how many tickets the largest export has.
        seed: repeats the views, faults, victims and pauses of a run that has printed it; None is a new one.
        patience: how many seconds no export may end while some are left; then the test fails.
    """

    exports: ClassVar[int] = 10
    tickets: ClassVar[int] = 6_000
    seed: ClassVar[int | None] = None
    patience: ClassVar[float] = 60.0

    @pytest.fixture
    def engine(self) -> JobEngine:
        """The engine under test; none of its processes runs."""
        raise NotImplementedError("override the fixture `engine`")

    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        """A database for this test only, without exports and tickets."""
        return f"sqlite:///{tmp_path / 'help-desk.db'}"

    def test_every_export_completes_once_whatever_happens_to_the_engine(
        self, engine: JobEngine, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def show(line: str) -> None:
            # Next to a failure, and where pytest keeps the output of tests back.
            sys.stdout.write(f"{line}\n")
            with capsys.disabled():
                sys.stderr.write(f"{line}\n")

        seed = Random().randrange(1_000_000) if self.seed is None else self.seed  # noqa: S311 - not secret
        show(f"\n{type(self).__name__} with seed {seed}: {self.exports} exports of up to {self.tickets} tickets")
        with Chaos.over(engine, tmp_path, database_url, tickets=self.tickets, seed=seed) as chaos:
            try:
                chaos.rage(self.exports, self.tickets, self.patience)
            finally:
                show(f"  {chaos.text}")
            show(f"  {chaos.end(self.exports).text}")
