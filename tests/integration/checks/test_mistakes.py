"""The check finds every mistake of the table, and its remedies, followed as they are printed, make it silent."""

from __future__ import annotations

import pytest

from tests.integration.checks.host import Host
from tests.integration.checks.mistakes import ON_POSTGRESQL, ON_SQLITE, Mistake

_FEWEST = 25


def _is_found_and_mended(mistake: Mistake, host: Host) -> None:
    assert host.check() == []
    follow = mistake.seed(host)
    findings = host.check()
    shown = "\n".join(map(str, findings))
    assert len(findings) == len(mistake.findings), shown
    assert all(str(found).startswith(expected) for found, expected in zip(findings, mistake.findings, strict=True)), (
        shown
    )
    assert "secret" not in shown
    follow(findings[0].remedy)
    assert host.check() == []


@pytest.mark.parametrize("mistake", ON_SQLITE, ids=lambda mistake: mistake.name)
def test_mistake_is_found_and_its_remedy_mends_it(mistake: Mistake, sqlite_host: Host) -> None:
    _is_found_and_mended(mistake, sqlite_host)


@pytest.mark.parametrize("mistake", ON_POSTGRESQL, ids=lambda mistake: mistake.name)
def test_mistake_on_postgresql_is_found_and_its_remedy_mends_it(mistake: Mistake, postgresql_host: Host) -> None:
    _is_found_and_mended(mistake, postgresql_host)


def test_the_table_has_enough_mistakes() -> None:
    assert len({mistake.name for mistake in (*ON_SQLITE, *ON_POSTGRESQL)}) >= _FEWEST
