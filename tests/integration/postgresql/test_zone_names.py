"""PostgreSQL reads some names of zones as abbreviations, without summer time, where a zone is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa

from tests.postgresql_server import PostgresqlServer
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.postgresql.zones import unabbreviated


@pytest.fixture(scope="module")
def connection(each_postgresql_server: PostgresqlServer) -> Iterator[sa.Connection]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def test_zone_that_is_also_an_abbreviation_keeps_its_summer_time(connection: sa.Connection) -> None:
    abbreviations = set(connection.execute(sa.text("SELECT upper(abbrev) FROM pg_timezone_abbrevs")).scalars())
    zones = set(connection.execute(sa.text("SELECT name FROM pg_timezone_names")).scalars()) & available_timezones()
    ambiguous = sorted(name for name in zones if name.upper() in abbreviations)
    assert {"CET", "EET", "WET", "UTC"} <= set(ambiguous)
    # From the first year in which all releases of the zones' history agree on these.
    moments = "generate_series(timestamptz '1997-01-01 00:00Z', '2037-01-01 00:00Z', interval '5 days 7 hours') AS at"
    differing = sa.text(f"SELECT count(*) FROM {moments} WHERE timezone(:zone, at) <> at::timestamp")
    for name in ambiguous:
        zone = getattr(unabbreviated(ZoneInfo(name)), "key", name)
        connection.execute(sa.select(sa.func.set_config("TimeZone", name, True)))
        assert connection.execute(differing, {"zone": zone}).scalar_one() == 0, name
