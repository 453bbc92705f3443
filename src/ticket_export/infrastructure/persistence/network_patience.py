"""How long a PostgreSQL connection is waited for, and believed in, that says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

# libpq's names and units: seconds, but for the last, which is milliseconds; it has no effect beside Linux.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
# A connection is given up within a minute after the network was cut without a word. Left to themselves, the driver
# waits two minutes for a connection, and Linux two hours until it asks whether the other side is there.
_PATIENCE: Final[Mapping[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def network_patience(url: URL) -> dict[str, int]:
    """What `url`, and the environment that libpq reads (``PGCONNECT_TIMEOUT``), leave open.

    Raises:
        ModuleNotFoundError: psycopg is not installed.
    """
    from psycopg.pq import Conninfo

    said = {option.keyword.decode() for option in Conninfo.get_defaults() if option.val is not None}
    return {name: value for name, value in _PATIENCE.items() if name not in url.query and name not in said}
