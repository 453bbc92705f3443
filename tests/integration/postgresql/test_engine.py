"""An engine on PostgreSQL, from a URL."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from ticket_export.infrastructure.persistence.database.engine import create_engine


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_server_is_reached_by_every_name_of_the_scheme(postgresql_url: str, scheme: str) -> None:
    url = make_url(postgresql_url).set(drivername=scheme)
    engine = create_engine(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_database()").scalar() == url.database
    engine.dispose()


def test_the_folder_of_a_socket_may_be_written_as_it_is(postgresql_url: str) -> None:
    url = make_url(postgresql_url)
    folder = url.query.get("host")
    if not isinstance(folder, str):
        pytest.skip("the server named for the tests is not reached through a socket")
    engine = create_engine(f"postgresql://{url.username}:@/{url.database}?host={folder}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT inet_server_addr()").scalar() is None
    engine.dispose()
