"""A COPY is compiled once for all views of one shape, and never has the values of another view."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, Engine, Select, bindparam, column, func, select, type_coerce
from sqlalchemy import Integer as SqlInteger

from ticket_export.infrastructure.tickets.postgresql.copy_statement import copy_statement
from ticket_export.infrastructure.tickets.postgresql.snapshot import driver_connection

_NUMBERS = func.generate_series(0, 9).table_valued(column("number", SqlInteger), name="numbers").render_derived()


def numbers(*wanted: int) -> Select[int]:
    return select(_NUMBERS.c.number).where(_NUMBERS.c.number.in_(wanted)).order_by(_NUMBERS.c.number)


def copied(connection: Connection, query: Select[int]) -> Sequence[int]:
    statement, parameters = copy_statement(query, connection)
    with driver_connection(connection).cursor() as cursor, cursor.copy(statement, parameters) as copy:
        return [int(bytes(line)) for line in copy]


def test_each_query_of_one_shape_has_its_own_values(engine: Engine) -> None:
    with engine.connect() as connection:
        assert copied(connection, numbers(1, 2)) == [1, 2]
        assert copied(connection, numbers(3, 4)) == [3, 4]
        # The list is not a part of the shape.
        assert copied(connection, numbers(5)) == [5]
        assert copied(connection, numbers()) == []


def test_value_with_a_type_of_its_own_is_that_of_its_query(engine: Engine) -> None:
    def only(wanted: int) -> Select[int]:
        # SQLAlchemy compiles a copy of this value, which is not in the key of its cache.
        return select(_NUMBERS.c.number).where(_NUMBERS.c.number == type_coerce(wanted, SqlInteger))

    with engine.connect() as connection:
        assert copied(connection, only(1)) == [1]
        assert copied(connection, only(2)) == [2]


def test_second_query_of_one_shape_is_not_compiled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.connect() as connection:
        copied(connection, numbers(1))
        monkeypatch.setattr(Select, "compile", lambda *_args, **_kw: pytest.fail("it is compiled"))
        assert copied(connection, numbers(7)) == [7]


def test_values_of_a_query_with_params_are_its_own(engine: Engine) -> None:
    query = select(_NUMBERS.c.number).where(_NUMBERS.c.number == bindparam("wanted", type_=SqlInteger))
    with engine.connect() as connection:
        assert copied(connection, query.params(wanted=1)) == [1]
        assert copied(connection, query.params(wanted=2)) == [2]
