"""The check finds every mistake of the table, and its remedies, followed as they are printed, make it silent."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.checks.host import Host, case_catalog, cases
from tests.integration.checks.mistakes import ON_POSTGRESQL, ON_SQLITE, Mistake
from tests.postgresql_server import PostgresqlServer

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


@pytest.mark.parametrize("column", [cases.c.number, cases.c.team], ids=["int", "str"])
def test_a_rule_over_the_ids_of_users_is_right_before_there_are_users(
    postgresql_host: Host, column: sa.Column[object]
) -> None:
    postgresql_host.execute("DELETE FROM crm_people")
    postgresql_host.parts["catalog"] = case_catalog(visible_to=lambda actor: column == actor.user_id)
    assert postgresql_host.check() == []


def test_a_wrong_rule_is_found_before_there_are_users(postgresql_host: Host) -> None:
    postgresql_host.execute("DELETE FROM crm_people")
    rule = sa.literal_column("squad", sa.Text) == "support"
    postgresql_host.parts["catalog"] = case_catalog(visible_to=lambda actor: rule)
    assert [finding.what for finding in postgresql_host.check()] == [
        "the database refuses the condition of the row rule (visible_to)"
    ]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_letter_is_found(
    postgresql_server: PostgresqlServer, tmp_path: Path, encoding: str
) -> None:
    with postgresql_server.encoded(encoding) as url:
        host = Host.prepared(tmp_path, url)
        try:
            finding = host.check()[0]
        finally:
            host.close()
    assert encoding in finding.what
    assert "ENCODING 'UTF8'" in finding.remedy
    assert not finding.may_pass


def test_the_table_has_enough_mistakes() -> None:
    assert len({mistake.name for mistake in (*ON_SQLITE, *ON_POSTGRESQL)}) >= _FEWEST
