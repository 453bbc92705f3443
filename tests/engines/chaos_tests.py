"""The chaos kit as these tests run it: ``CHAOS_EXPORTS=200`` is the long form, ``CHAOS_SEED`` repeats a run."""

from __future__ import annotations

import os

from ticket_export.testing import EngineContract


class ChaosTests(EngineContract):
    exports = int(os.environ.get("CHAOS_EXPORTS", "10"))
    seed = int(os.environ["CHAOS_SEED"]) if "CHAOS_SEED" in os.environ else None
