"""Blocks are small however long the tickets are, and few however short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from tests.reference_help_desk import NOW
from ticket_export import CsvFormat
from ticket_export.application.ports.file_format import RowBlock
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.infrastructure.migrate import upgrade
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

CATALOG = reference_catalog(REFERENCE_TABLES)
MIB = 1024 * 1024


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/desk.db"


@pytest.fixture(params=["sqlite_url", "postgresql_url"], ids=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(request.getfixturevalue(request.param))
    upgrade(engine, reference_schema=True)
    yield engine
    engine.dispose()


def blocks_of(engine: Engine, descriptions: Sequence[str]) -> list[RowBlock]:
    """What is read of tickets with those descriptions, numbered from 1."""
    common = {"title": "Printer", "status": "open", "priority": "low", "creation_time": NOW}
    with engine.begin() as connection:
        connection.execute(
            insert(REFERENCE_TABLES.tickets),
            [{"id": number, "description": text, **common} for number, text in enumerate(descriptions, 1)],
        )
    source = SqlAlchemyTicketSource(engine, CATALOG)
    query = TicketQuery.of(
        {"columns": ["id", "description"], "sortField": "id"}, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=NOW
    )
    with source.open(query, CsvFormat()) as reader:
        assert reader.count() == len(descriptions)
        return list(reader.blocks())


def test_no_block_holds_many_long_tickets(engine: Engine) -> None:
    # Every fourth is a megabyte long.
    descriptions = ["x" * (MIB if number % 4 == 0 else 10) for number in range(80)]
    blocks = blocks_of(engine, descriptions)
    assert max(len(block.data) for block in blocks) < 5 * MIB
    lines = [f"{number},{text}\n".encode() for number, text in enumerate(descriptions, 1)]
    assert b"".join(block.data for block in blocks) == b"".join(lines)
    assert sum(block.rows for block in blocks) == len(lines)


def test_short_tickets_make_few_blocks(engine: Engine) -> None:
    blocks = blocks_of(engine, ["short"] * 20_000)
    assert sum(block.rows for block in blocks) == 20_000
    assert len(blocks) < 40
