"""A program in another process that uses the store under test."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ticket_export.settings import Settings
from ticket_export.testing.stores.store_back_door import S, StoreBackDoor

#: Seconds for a machine that is busy with other tests.
PATIENCE: float = 120


class OtherProcesses(StoreBackDoor[S]):
    """Runs programs that open the place of the storage."""

    def run_in_another_process(
        self, storage: S, program: str, *arguments: str, patience: float = PATIENCE, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `program` with the variables of `environment`, and others; skip the test if it cannot open the place."""
        self.require_scheme(storage)
        ours = Settings.load(storage_url=storage.place).environment()
        environment = {**ours, **self.environment(storage), "TICKET_EXPORT_STORAGE_URL": storage.place, **settings}
        try:
            return subprocess.run(  # noqa: S603 - programs of this package
                [sys.executable, "-c", program, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.fail(f"the process did not end within {patience:.0f} s")
