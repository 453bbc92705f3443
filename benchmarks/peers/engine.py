"""A plain SQLAlchemy engine."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, make_url


def engine_of(url: str) -> Engine:
    parsed = make_url(url)
    return create_engine(parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed)
