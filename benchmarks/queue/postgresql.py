"""The PostgreSQL server of the measurements."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.embedded_postgresql import embedded_postgresql


def durable_postgresql() -> AbstractContextManager[str]:
    """The URL of an empty database on a server of its own, with PostgreSQL's own defaults.

    The tests' server is not durable; a server in production is.
    """
    return embedded_postgresql(settings={})
