"""Waiting until a read replica has what its primary had at the request."""

from __future__ import annotations

from datetime import datetime
from time import monotonic, sleep
from typing import Final

from sqlalchemy import Connection, DateTime, bindparam, text

from ticket_export.errors import TicketsUnavailableError
from ticket_export.infrastructure.tickets.postgresql.snapshot import driver_connection

# Seconds that an export waits for the replica, and seconds between two looks.
_LONGEST_WAIT, _LOOK_EVERY = 10.0, 0.1

# A replica knows the time of the last transaction that it has replayed. While its primary writes nothing, that time
# stands still; then it is up to date if it has replayed everything that it has received, and the primary was heard of
# since. PostgreSQL tells that only to a role with pg_read_all_stats.
# https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-INFO-TABLE
_IS_CURRENT: Final = text("""
    SELECT COALESCE(pg_last_xact_replay_timestamp() >= :moment, false)
        OR (COALESCE(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false)
            AND COALESCE((SELECT min(last_msg_send_time) >= :moment FROM pg_stat_wal_receiver), true))
""").bindparams(bindparam("moment", type_=DateTime(timezone=True)))


def wait_for_replica(connection: Connection, as_of: datetime) -> None:
    """On a hot standby, wait until it has replayed what was committed up to `as_of`; elsewhere, do nothing.

    Raises:
        TicketsUnavailableError: it is still behind after 10 s.
    """
    # The server reports it with each connection, so that no query is needed. Other drivers are refused later.
    is_psycopg = connection.dialect.driver == "psycopg"
    if not is_psycopg or driver_connection(connection).info.parameter_status("in_hot_standby") != "on":
        return
    deadline = monotonic() + _LONGEST_WAIT
    while not _is_current(connection, as_of):
        if monotonic() > deadline:
            raise TicketsUnavailableError(
                f"The tickets could not be read: their database, a replica, is more than {_LONGEST_WAIT:g} s behind."
            )
        sleep(_LOOK_EVERY)


def _is_current(connection: Connection, as_of: datetime) -> bool:
    # Each in a transaction of its own, since a replica cannot replay everything while it has a snapshot.
    is_current: bool = connection.execute(_IS_CURRENT, {"moment": as_of}).scalar_one()
    connection.rollback()
    return is_current
