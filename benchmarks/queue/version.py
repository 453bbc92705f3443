"""The versions of the library that are measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

#: The environment variable with the URL of the broker, in processes that use Celery.
BROKER_VARIABLE: Final = "BENCHMARK_BROKER_URL"
_HERE: Final = Path(__file__).parents[2]


@attrs.frozen
class Version:
    """A checkout with a folder `src`; every version runs with the packages of this Python."""

    checkout: Path = _HERE

    @property
    def name(self) -> str:
        return self.checkout.name

    @property
    def runs_on_celery(self) -> bool:
        return (self.checkout / "src" / "ticket_export" / "celery.py").exists()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that imports this version, and these benchmarks."""
        path = os.pathsep.join([str(self.checkout / "src"), str(_HERE)])
        others = {name: value for name, value in os.environ.items() if not name.startswith("TICKET_EXPORT_")}
        return {**others, "PYTHONPATH": path}


#: This version.
NOW = Version()
