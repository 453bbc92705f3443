"""Django's connections in the threads of a worker, after which no request of Django looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import connections


def close_if_lost(alias: str) -> None:
    """Close Django's connection of this thread if the database has ended it, so that the next query has a new one.

    A worker is idle for hours. In a request Django looks after its connections.
    """
    connection = connections[alias]
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()


@contextmanager
def without_connections_afterwards() -> Iterator[None]:
    """Inside the block this thread may use Django's connections; after it, all of them are closed.

    So no connection waits until the database or the network ends it, and none is left when the thread ends. With a
    pool of psycopg, closing returns a connection to the pool. A connection inside of ``atomic()``, as in Django's
    tests, stays open.
    """
    try:
        yield
    finally:
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                # A connection that is lost may not be closed in order.
                with suppress(Exception):
                    connection.close()
