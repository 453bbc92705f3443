from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    func,
    type_coerce,
)

from ticket_export.catalog import ColumnKind, IdType, ScopeRole
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.persistence.types import UtcDateTime
from ticket_export.infrastructure.tickets.catalog import (
    CatalogColumn,
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)

CASES = Table(
    "cases",
    MetaData(),
    Column("number", Integer),
    Column("subject", String),
    Column("state", String),
    Column("opened_at", DateTime),
    Column("gone", Boolean),
    Column("gone_at", DateTime),
    Column("owner", Uuid),
    Column("price", Numeric),
    Column("big", BigInteger),
)
C = CASES.c


def catalog(*columns: CatalogColumn, **more: Any) -> TicketCatalog:
    return TicketCatalog(tables=CASES, id=C.number, created_at=C.opened_at, columns=columns, **more)


def test_columns_are_described_in_their_order() -> None:
    made = catalog(
        number_column("number", "Case", C.number, searchable=True),
        text_column("subject", "Subject", C.subject, searchable=True, sortable=False),
        choice_column("state", "State", C.state, choices=("open", "done")),
        date_column("openedAt", "Opened", C.opened_at),
        boolean_column("gone", "Gone", C.gone),
        id_column("owner", "Owner", C.owner, scope_role=ScopeRole.ASSIGNEE),
    )
    described = list(made.describe())
    assert [(column.name, column.kind) for column in described] == [
        ("number", ColumnKind.NUMBER),
        ("subject", ColumnKind.TEXT),
        ("state", ColumnKind.CHOICE),
        ("openedAt", ColumnKind.DATE),
        ("gone", ColumnKind.BOOLEAN),
        ("owner", ColumnKind.ID),
    ]
    assert [column.searchable for column in described] == [True, True, False, False, False, False]
    assert [column.name for column in described if not column.sortable] == ["subject"]
    assert [choice.value for choice in described[2].choices] == ["open", "done"]
    assert described[5].scope_role is ScopeRole.ASSIGNEE
    assert made.expression(described[1]) is C.subject


@pytest.mark.parametrize(
    ("expression", "id_type"),
    [(C.owner, IdType.UUID), (C.number, IdType.INTEGER), (C.big, IdType.INTEGER), (C.subject, IdType.TEXT)],
)
def test_identifiers_are_of_the_type_of_their_expression(expression: Column[Any], id_type: IdType) -> None:
    assert id_column("x", "X", expression).column.id_type is id_type


@pytest.mark.parametrize(
    "make",
    [
        lambda: catalog(text_column("subject", "A", C.subject), text_column("SUBJECT", "B", C.state)),
        lambda: catalog(text_column("subject", "A", C.subject), is_deleted=C.gone),
    ],
    ids=["one name twice", "no moment of deletion"],
)
def test_catalog_that_cannot_work_is_refused_when_it_is_made(make: Callable[[], TicketCatalog]) -> None:
    with pytest.raises(ConfigurationError, match="catalog"):
        make()


@pytest.mark.parametrize("type_", [Integer(), BigInteger(), Float(), Boolean(), Uuid(), JSON()], ids=repr)
def test_catalog_whose_moments_are_none_is_refused_when_it_is_made(type_: Any) -> None:
    odd = Column("odd", type_)
    columns = [number_column("number", "Case", C.number)]
    with pytest.raises(
        ConfigurationError, match=r"^ticket catalog: created_at is of type .*, not DateTime; type_coerce"
    ):
        TicketCatalog(tables=CASES, id=C.number, created_at=odd, columns=columns)
    with pytest.raises(ConfigurationError, match=r"^ticket catalog: deleted_at is of type .*, not DateTime; it is"):
        catalog(*columns, is_deleted=C.gone, deleted_at=odd)


@pytest.mark.parametrize("type_", [Integer(), Text(), DateTime(), Date()], ids=repr)
def test_catalog_whose_mark_of_deletion_is_no_condition_is_refused_when_it_is_made(type_: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^ticket catalog: is_deleted is of type .*, not Boolean; use a cond"):
        catalog(number_column("number", "Case", C.number), is_deleted=Column("odd", type_), deleted_at=C.gone_at)


def test_expression_of_a_type_that_nobody_knows_may_be_a_moment_or_a_mark() -> None:
    at, mark = func.opened_at(C.number), func.is_gone(C.number)
    columns = [number_column("number", "Case", C.number)]
    made = TicketCatalog(tables=CASES, id=C.number, created_at=at, is_deleted=mark, deleted_at=at, columns=columns)
    assert (made.created_at, made.is_deleted, made.deleted_at) == (at, mark, at)


def test_day_without_a_time_is_no_date_column() -> None:
    with pytest.raises(ConfigurationError, match=r"'due' is of type Date\(\), not DateTime; day_column is for days"):
        date_column("due", "Due", Column("due", Date))


def test_moment_is_no_day_column() -> None:
    with pytest.raises(ConfigurationError, match=r"'due' is of type DateTime\(\), not Date; date_column is for"):
        day_column("due", "Due", Column("due", DateTime))


@pytest.mark.parametrize(("make", "wanted"), [(date_column, "DateTime"), (day_column, "Date")])
def test_text_is_neither_a_moment_nor_a_day(make: Callable[..., CatalogColumn], wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"String\(\), not {wanted}; type_coerce\(…, {wanted}\) declares"):
        make("due", "Due", Column("due", String))
    assert make("due", "Due", type_coerce(Column("due", String), getattr(sqlalchemy, wanted)())).column.name == "due"


def test_moment_of_a_hosts_own_type_is_a_date_column() -> None:
    assert date_column("due", "Due", Column("due", UtcDateTime)).column.kind is ColumnKind.DATE


def test_identifiers_that_sqlalchemy_gives_as_text_are_uuids() -> None:
    assert id_column("owner", "Owner", Column("owner", Uuid(as_uuid=False))).column.id_type is IdType.UUID
