"""Every ticket source that ships keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import attrs
import pytest
from sqlalchemy import Engine

from tests.contract.stored_ticket_table import CATALOG, LIMITED_CATALOG, TABLE, in_memory, is_shown, replace_rows
from tests.postgresql_server import PostgresqlServer
from ticket_export.application.actor import Actor
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.ports.file_format import FileFormat, RowBlock
from ticket_export.application.ports.ticket_source import TicketReader
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.ticket_column import TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError, TicketSourceError
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.tickets.stored_tickets import AS_OF, TICKET_COLUMNS, StoredTicket
from ticket_export.testing.tickets.ticket_filters import FILTERS
from ticket_export.testing.tickets.ticket_rules import ADMIN, USES
from ticket_export.testing.tickets.ticket_source import TicketSourceContract


class TestInMemoryTicketSource(TicketSourceContract[InMemoryTicketSource]):
    @pytest.fixture
    def source(self) -> InMemoryTicketSource:
        return InMemoryTicketSource(TICKET_COLUMNS)

    def put_tickets(self, source: InMemoryTicketSource, tickets: Sequence[StoredTicket]) -> None:
        source.tickets = [in_memory(ticket) for ticket in tickets]

    def limited(self, source: InMemoryTicketSource) -> InMemoryTicketSource:
        # The source itself, so that both have the same tickets.
        source.visible_to = lambda actor, ticket: ticket.values["owner"] in actor.attributes["owners"]
        source.every_row_to = lambda actor: actor.is_admin
        source.column_rules = {column.name: is_shown(column.name) for column in TICKET_COLUMNS}
        return source

    def selection_of(self, source: InMemoryTicketSource, ids: Sequence[int]) -> str:
        text = f"list {len(source.selections)}"
        source.selections = {**source.selections, text: ids}
        return text

    def break_behind(self, source: InMemoryTicketSource) -> None:
        source.tickets = [InMemoryTicket(id=1, created_at=AS_OF, values={"id": 1, "title": "half a letter: \ud83c"})]


class SqlTicketSourceContract(TicketSourceContract[SqlAlchemyTicketSource]):
    @pytest.fixture
    def source(self, engine: Engine) -> Iterator[SqlAlchemyTicketSource]:
        TABLE.create(engine)
        yield SqlAlchemyTicketSource(engine, CATALOG)
        TABLE.drop(engine, checkfirst=True)

    def put_tickets(self, source: SqlAlchemyTicketSource, tickets: Sequence[StoredTicket]) -> None:
        replace_rows(source.engine, tickets)

    def limited(self, source: SqlAlchemyTicketSource) -> SqlAlchemyTicketSource:
        return SqlAlchemyTicketSource(source.engine, LIMITED_CATALOG)

    def selection_of(self, source: SqlAlchemyTicketSource, ids: Sequence[int]) -> str:
        return json.dumps(ids)

    def break_behind(self, source: SqlAlchemyTicketSource) -> None:
        TABLE.drop(source.engine)


class TestSqlAlchemyTicketSourceOnSqlite(SqlTicketSourceContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = create_engine(f"sqlite:///{tmp_path}/tickets.db")
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def postgresql_engine(each_postgresql_server: PostgresqlServer) -> Iterator[Engine]:
    with each_postgresql_server.database(migrated=False) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


class TestSqlAlchemyTicketSourceOnPostgresql(SqlTicketSourceContract):
    @pytest.fixture
    def engine(self, postgresql_engine: Engine) -> Engine:
        return postgresql_engine


def test_every_operator_of_every_kind_is_in_the_contract() -> None:
    filtered = {(column.kind, operator) for field, operator, *_ in FILTERS if (column := TICKET_COLUMNS.find(field))}
    assert {(kind, operator) for kind in OPERATORS for operator in OPERATORS[kind]} <= filtered


class Altered(InMemoryTicketSource):
    """A source in memory that breaks the contract somewhere."""

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        with super().open(self.altered(query), file_format) as reader:
            yield self.reader(reader)

    def altered(self, query: TicketQuery) -> TicketQuery:
        return query

    def reader(self, reader: TicketReader) -> TicketReader:
        return reader


class AlteredReader:
    def __init__(self, reader: TicketReader) -> None:
        self._reader = reader

    def count(self) -> int:
        return self._reader.count()

    def blocks(self) -> Iterator[RowBlock]:
        return self._reader.blocks()


class Unfiltered(Altered):
    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, conditions=())


class Unsearched(Altered):
    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, search=None)


class ById(Altered):
    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, sort_column=None)


class OutOfTime(Altered):
    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, as_of=AS_OF.replace(year=9999))


class InUtc(Altered):
    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, time_zone=UTC)


class Unlabelled(Altered):
    """Shows and searches the stored values."""

    def altered(self, query: TicketQuery) -> TicketQuery:
        search = query.search and attrs.evolve(query.search, columns=_unlabelled(query.search.columns))
        return attrs.evolve(query, columns=_unlabelled(query.columns), search=search)


def _unlabelled(columns: Iterable[TicketColumn]) -> tuple[TicketColumn, ...]:
    return tuple(attrs.evolve(each, choices=[choice.value for choice in each.choices]) for each in columns)


def _unguarded(file_format: FileFormat) -> FileFormat:
    return attrs.evolve(file_format, formula_guard=False) if isinstance(file_format, CsvFormat) else file_format


class Unguarded(InMemoryTicketSource):
    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        with super().open(query, _unguarded(file_format)) as reader:
            yield reader


class Miscounting(Altered):
    class Reader(AlteredReader):
        def count(self) -> int:
            return super().count() + 1

    def reader(self, reader: TicketReader) -> TicketReader:
        return self.Reader(reader)


class Tearing(Altered):
    class Reader(AlteredReader):
        def blocks(self) -> Iterator[RowBlock]:
            for block in super().blocks():
                yield RowBlock(block.data[:-5], block.rows)
                yield RowBlock(block.data[-5:], 0)

    def reader(self, reader: TicketReader) -> TicketReader:
        return self.Reader(reader)


class Live(InMemoryTicketSource):
    """Looks at the tickets anew for every question."""

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        opened = super().open

        class Reader:
            def count(self) -> int:
                with opened(query, file_format) as now:
                    return now.count()

            def blocks(self) -> Iterator[RowBlock]:
                with opened(query, file_format) as now:
                    yield from now.blocks()

        yield Reader()


class Swallowing(InMemoryTicketSource):
    """Calls every error its own."""

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        try:
            with super().open(query, file_format) as reader:
                yield reader
        except Exception as error:
            raise TicketSourceError(f"The tickets could not be read: {error}") from error


class Deaf(Altered):
    class Reader(AlteredReader):
        def interrupt(self) -> None:
            pass

    def reader(self, reader: TicketReader) -> TicketReader:
        return self.Reader(reader)


class Forgetting(Altered):
    """Asks the rules for the columns, and reads as an admin."""

    def altered(self, query: TicketQuery) -> TicketQuery:
        return attrs.evolve(query, actor=ADMIN)


class Unquestioning(Forgetting):
    """Reads every column that a query names."""


class Indiscreet(InMemoryTicketSource):
    """Shows every column to everybody."""

    def columns(self, actor: Actor) -> TicketColumns:
        super().columns(actor)
        return TicketColumns(self.catalog, is_complete=False)


class Boastful(InMemoryTicketSource):
    """Always says that the actor sees everything."""

    def columns(self, actor: Actor) -> TicketColumns:
        return TicketColumns(super().columns(actor))


class Trusting(InMemoryTicketSource):
    """Takes a rule that fails for one that hides nothing."""

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        try:
            self.columns(query.actor)
        except ConfigurationError:
            query = attrs.evolve(query, actor=ADMIN)
        with super().open(query, file_format) as reader:
            yield reader


class Leaking(InMemoryTicketSource):
    """Shows the driver's own text."""

    @contextmanager
    def open(self, query: TicketQuery, file_format: FileFormat, /) -> Iterator[TicketReader]:
        driver = ConnectionError("no route to db.internal")
        raise TicketSourceError(f"The tickets could not be read: {driver}") from driver
        yield


_contract = TestInMemoryTicketSource()
_A_FORMULA = "=1+1"


@pytest.mark.parametrize(
    ("source_type", "claim"),
    [
        (Unfiltered, lambda it: _contract.test_filter_shows_what_it_says(it, "score", "gt", "2.25", [3])),
        (Unfiltered, _contract.test_scope_shows_one_persons_tickets),
        (
            Unsearched,
            lambda it: _contract.test_search_finds_a_text_in_the_chosen_searchable_columns(it, ["title"], "%", [3]),
        ),
        (
            ById,
            lambda it: _contract.test_rows_are_sorted_with_empty_cells_last_and_ties_by_id_in_the_same_direction(
                it, "title", "asc", [3, 4, 6, 2, 1, 5]
            ),
        ),
        (Unlabelled, _contract.test_labels_are_shown_and_guarded_and_other_values_are_shown_as_they_are_stored),
        (Unlabelled, lambda it: _contract.test_search_looks_at_the_labels(it, "DRAFT", [4])),
        (Unguarded, _contract.test_labels_are_shown_and_guarded_and_other_values_are_shown_as_they_are_stored),
        (OutOfTime, _contract.test_ticket_created_after_the_request_is_not_shown),
        (OutOfTime, _contract.test_ticket_deleted_by_the_request_is_not_shown_and_one_deleted_later_is),
        (
            InUtc,
            lambda it: _contract.test_moment_is_shown_in_the_zone_of_the_view(
                it, AS_OF, "Europe/Berlin", "2026-03-01 13:00:00"
            ),
        ),
        (
            Unguarded,
            lambda it: _contract.test_text_that_could_be_a_formula_is_guarded_unless_that_is_switched_off(
                it, "title", _A_FORMULA
            ),
        ),
        (Miscounting, _contract.test_columns_come_in_the_order_of_the_view),
        (Tearing, _contract.test_block_holds_whole_records_and_says_how_many),
        (Live, _contract.test_change_after_the_count_is_not_seen),
        (Swallowing, lambda it: _contract.test_error_of_the_block_comes_out_unchanged(it, ValueError)),
        (
            Deaf,
            _contract.test_interrupted_reading_ends_with_the_sources_error_and_the_next_one_is_whole,
        ),
        (Forgetting, lambda it: _contract.test_rows_and_count_are_those_that_the_actor_may_see(it, {}, [1, 4])),
        (Forgetting, _contract.test_actor_gets_the_rows_of_everybody_without_those_of_others),
        (
            Unquestioning,
            lambda it: _contract.test_query_that_names_a_hidden_column_is_refused_before_a_row_is_read(it, *USES[0]),
        ),
        (Indiscreet, lambda it: _contract.test_hidden_column_looks_like_one_that_does_not_exist(it, *USES[0])),
        (Indiscreet, _contract.test_scope_on_a_hidden_column_is_refused_and_not_ignored),
        (Boastful, lambda it: _contract.test_what_a_rule_limits_is_not_complete(it, ())),
        (Trusting, _contract.test_rule_that_fails_is_a_mistake_of_the_host_and_shows_nothing),
        (Leaking, _contract.test_tickets_that_cannot_be_read_are_the_sources_error_and_safe_to_show),
    ],
)
def test_contract_notices_a_source_that_breaks_it(
    source_type: Callable[..., InMemoryTicketSource], claim: Callable[[InMemoryTicketSource], None]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, TicketSourceError)) as noticed:
        claim(source_type(TICKET_COLUMNS))
    assert not isinstance(noticed.value, pytest.skip.Exception)


def test_what_a_source_lacks_is_skipped_with_its_name() -> None:
    lacking = InMemoryTicketSource(type(TICKET_COLUMNS)(column for column in TICKET_COLUMNS if column.name != "due"))
    with pytest.raises(pytest.skip.Exception, match="InMemoryTicketSource has no column 'due'"):
        _contract.test_cell_is_written_by_its_kind(lacking, "due")
    with pytest.raises(pytest.skip.Exception, match="does not implement SupportsInterrupt"):
        _contract.test_interrupt_of_a_reader_that_does_nothing_harms_nobody(lacking)


def test_source_that_reads_no_snapshot_says_why() -> None:
    class Documented(TestInMemoryTicketSource):
        no_snapshot = "the service has no transactions"

    with pytest.raises(pytest.skip.Exception, match="no snapshot: the service has no transactions"):
        Documented().test_change_after_the_count_is_not_seen(InMemoryTicketSource(TICKET_COLUMNS))
