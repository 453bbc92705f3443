"""No cell more and none less than Django's own ORM shows: random policies of a host on Django, played the whole way.

``RIGHTS_POLICIES=2000`` tries as many; `make rights` tries 10,000. A failure names its policy, which
``python -m tests.rights.on_django SEED NUMBER 1`` plays alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.postgresql_server import PostgresqlServer

_POLICIES: Final = int(os.environ.get("RIGHTS_POLICIES", "60"))
_ROOT: Final = Path(__file__).parents[2]


#: Those of `mutants.py`, which can be imported only where Django is set up.
_MUTANTS: Final = (
    "parameters in another order",
    "parameters that share their names",
    "NOT is dropped",
    "OR in place of AND",
    "AND in place of OR",
    "an inner join in place of an outer one",
    "IS NULL is the opposite",
    "EXISTS without correlation in place of IN",
    "a condition that nothing meets is ignored",
    "a mistake of the host shows every row",
    "every row for each administrator",
    "times in another zone",
    "rules over columns are ignored",
    "rights of the first request",
    "rights of users who are not active",
)


def _played(folder: Path, seed: str, database: str | None, count: int, *mutant: str) -> dict[str, Any]:
    """Return the figures of policies that were played in a process of their own, on an empty database."""
    named = {} if database is None else {"DESK_DATABASE": database}
    own = {"DESK_FOLDER": str(folder), "DJANGO_SETTINGS_MODULE": "tests.rights.on_django.settings"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.rights.on_django", seed, "0", str(count), *mutant],
        env={**os.environ, **own, **named},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        # A policy takes a tenth of a second, and several on a busy machine.
        timeout=120 + 3 * count,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    figures: dict[str, Any] = json.loads(ended.stdout)
    return figures


@pytest.mark.timeout(0 if _POLICIES > 60 else 300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_file_has_exactly_the_cells_that_django_shows(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = f"{database} {os.environ.get('RIGHTS_SEED', '')}"
    if database == "sqlite":
        figures = _played(tmp_path, seed, None, _POLICIES)
    else:
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        with server.database(migrated=False) as url:
            figures = _played(tmp_path, seed, url, _POLICIES)
    assert not figures["failures"], "\n".join(figures["failures"])
    _claim_policies_were_worth_it(figures)


def _claim_policies_were_worth_it(figures: dict[str, Any]) -> None:
    # Of few, two may be equal.
    assert figures["policies"] >= _POLICIES * 0.98
    assert figures["hiding"]["some"] * 5 >= _POLICIES, figures
    assert figures["files"]["some"] * 10 >= _POLICIES, figures
    assert {"NotPermittedError", "InvalidPayloadError", "ConfigurationError"} <= figures["refused"].keys(), figures
    assert {"nothing", "that there is an export"} <= figures["colleagues"].keys(), figures


# Each takes as long as hundreds of policies; `make rights` tries all.
@pytest.mark.parametrize("mutant", _MUTANTS if "RIGHTS_POLICIES" in os.environ else _MUTANTS[::5])
def test_a_mistake_of_the_library_is_found(mutant: str, tmp_path: Path) -> None:
    assert _played(tmp_path, "mutants", None, 200, mutant)["failures"]
