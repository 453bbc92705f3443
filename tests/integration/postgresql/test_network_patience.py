"""A server that says nothing is not waited for until nobody remembers why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import pytest
from sqlalchemy import make_url

from ticket_export.infrastructure.persistence.database.engine import create_engine

PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def connected_with(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters of a connection that an engine on `url` has made."""
    engine = create_engine(make_url(url).update_query_dict(query).render_as_string(hide_password=False))
    try:
        with closing(engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert driver is not None
            found: dict[str, str] = driver.info.get_parameters()
    finally:
        engine.dispose()
    return {name: found[name] for name in PATIENCE}


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)


def test_patience_has_an_end_though_nobody_has_said_so(postgresql_url: str) -> None:
    assert connected_with(postgresql_url, {}) == PATIENCE


@pytest.mark.parametrize("name", PATIENCE)
def test_what_the_url_says_holds(postgresql_url: str, name: str) -> None:
    assert connected_with(postgresql_url, {name: "77"}) == {**PATIENCE, name: "77"}


def test_what_libpqs_environment_says_holds(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "88")
    assert connected_with(postgresql_url, {}) == {**PATIENCE, "connect_timeout": "88"}
    assert connected_with(postgresql_url, {"connect_timeout": "77"}) == {**PATIENCE, "connect_timeout": "77"}
