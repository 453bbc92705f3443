"""Programs that some tests need and that no wheel brings."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

#: Set where a missing program is a failure, not a reason to skip.
VARIABLE: Final = "TICKET_EXPORT_TEST_REQUIRE"
# Debian keeps servers out of a user's path.
_FOLDERS: Final = (os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib/postgresql/15/bin")


def require_program(name: str) -> str:
    """Return the path of the program; skip the test, or fail it where ``TICKET_EXPORT_TEST_REQUIRE`` is set."""
    found = shutil.which(name, path=os.pathsep.join(_FOLDERS))
    if found is None:
        (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)(f"the program {name} is not installed")
    return found
