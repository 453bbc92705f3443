"""A PostgreSQL for as long as something is measured on it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.embedded_postgresql import embedded_postgresql


def durable_postgresql() -> AbstractContextManager[str]:
    """The URL of an empty database on a server of its own, with PostgreSQL's own defaults.

    The tests' server forgets a commit with the power; nobody's own would.
    """
    return embedded_postgresql(settings={})
