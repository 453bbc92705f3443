"""No stored value makes a view fail, so that no error tells of a ticket that the actor may not see.

The database may look at a filter before it looks at the row rule, so every view is also read by an actor who sees the
values: then the database must evaluate all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ENUM, JSONB

from tests.postgresql_server import PostgresqlServer
from ticket_export import CsvFormat
from ticket_export.application.actor import Actor
from ticket_export.application.view.filter_operators import OPERATORS, Operator
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.catalog import (
    EVERY_ROW,
    CatalogColumn,
    JoinedTags,
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADMIN = Actor(user_id=1, is_admin=True)
AGENT = Actor(user_id=2)
AN_ID = "6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"

Stored: TypeAlias = tuple[str, sa.types.TypeEngine[Any], str, list[str]]

_LONG = 100_001
_JSON = (
    *("", "[", '{"a":', "null", "nul", "[1e999]", "[1e9999]", "[-]", '["\\u0000"]', '["\\ud800"]'),
    *('["\\udc00\\ud800"]', f"[{'9' * 400}]", f"[0.{'1' * 300}]", "[" * 40 + "]" * 40, "[" * 20_000),
    *(f'["{"x" * _LONG}"]', '{"a":1,"a":[]}', '["a"', '"', "\\", "[tru]", "[NaN]", "[Infinity]"),
    *('[{"b":{"c":[null]}}]', '["' + "\\" * 7 + '"]', "[01]", "[1,]"),
)
_TEXTS = (
    *("", " ", "%", "\\", "\u0130", "\u03c2\u03a3", "x" * _LONG, "\ufeff", "e\u0301", "\U0010ffff", "not a uuid"),
    *("-" * 36, "g" * 32, f"{{{AN_ID}}}", AN_ID.upper(), AN_ID + "0", "{" * 16, "1e400", "NaN", "infinity", "=1+1"),
    *("2026-02-30", "\n"),
)
_MOMENTS = ("-infinity", "infinity", "4714-11-24 00:00:00 BC", "0001-01-01 00:00:00", "294276-12-31 23:59:59.999999")
_FLOATS = ("NaN", "Infinity", "-Infinity", "1e-40", "-0", "3.4e38")


def _quoted(*texts: str) -> list[str]:
    return ["'" + text.replace("'", "''") + "'" for text in texts]


#: The type that PostgreSQL stores, the catalog's column on it, and stored values as SQL.
POSTGRESQL: Mapping[str, Stored] = {
    "text": ("text", sa.Text(), "text", _quoted(*_TEXTS)),
    "varchar": ("varchar", sa.String(), "choice", _quoted(*_TEXTS)),
    "padded": ("char(40)", sa.CHAR(40), "text", _quoted("", "x", AN_ID)),
    "textId": ("text", sa.Text(), "id", _quoted(*_TEXTS)),
    "uuidAsText": ("text", sa.Uuid(), "id", _quoted(*_TEXTS)),
    "uuid": ("uuid", sa.Uuid(), "id", [f"'{AN_ID}'", "'00000000-0000-0000-0000-000000000000'"]),
    "uuidText": ("uuid", sa.Uuid(), "text", [f"'{AN_ID}'"]),
    "tagsText": ("text", sa.Text(), "tags", _quoted(*_JSON)),
    "tagsJson": ("json", sa.JSON(), "tags", _quoted("null", "[1e999]", "[1e9999]", '["\\u0000"]', "[" * 40 + "]" * 40)),
    "tagsJsonb": (
        "jsonb",
        JSONB(),
        "tags",
        _quoted("null", '"x"', "[1e999]", "[1e9999]", "[" * 40 + "]" * 40, '{"":{}}'),
    ),
    "smallint": ("smallint", sa.SmallInteger(), "number", ["-32768", "32767"]),
    "integer": ("integer", sa.Integer(), "number", ["-2147483648", "2147483647"]),
    "integerId": ("integer", sa.Integer(), "id", ["-2147483648", "2147483647"]),
    "bigint": ("bigint", sa.BigInteger(), "number", ["-9223372036854775808", "9223372036854775807"]),
    "bigintText": ("bigint", sa.BigInteger(), "text", ["-9223372036854775808"]),
    "numeric": (
        "numeric",
        sa.Numeric(),
        "number",
        ["'NaN'", "'Infinity'", "'-Infinity'", "1e131071", "-1e131071", "1e-16383", "'0.10'"],
    ),
    "scaled": ("numeric(12, 2)", sa.Numeric(12, 2), "number", ["'NaN'", "-9999999999.99"]),
    "numericText": ("numeric", sa.Numeric(10, 2), "text", ["'NaN'", "'Infinity'", "1e131071", "1e-16383"]),
    "real": ("real", sa.REAL(), "number", _quoted(*_FLOATS, "1e-45")),
    "double": ("double precision", sa.Double(), "number", _quoted(*_FLOATS, "5e-324", "1.7976931348623157e308")),
    "doubleAsNumeric": ("double precision", sa.Numeric(10, 2), "number", _quoted(*_FLOATS, "1.7976931348623157e308")),
    "doubleText": ("double precision", sa.Double(), "text", _quoted(*_FLOATS)),
    "boolean": ("boolean", sa.Boolean(), "boolean", ["true", "false"]),
    "booleanText": ("boolean", sa.Boolean(), "text", ["true"]),
    "date": ("date", sa.Date(), "day", _quoted("-infinity", "infinity", "4714-11-24 BC", "5874897-12-31")),
    "dateText": ("date", sa.Date(), "text", _quoted("-infinity", "infinity", "4714-11-24 BC", "5874897-12-31")),
    "time": ("time", sa.Time(), "text", _quoted("24:00:00", "00:00:00.000001")),
    "timestamp": ("timestamp", sa.DateTime(), "date", _quoted(*_MOMENTS)),
    "timestamptz": ("timestamptz", sa.DateTime(), "date", _quoted(*_MOMENTS)),
    "enum": ("hostile_mood", ENUM("", "a b", name="hostile_mood", create_type=False), "choice", _quoted("", "a b")),
}

_STORED = [
    *("NULL", "''", "X''", "X'FF'", "X'00'", "CAST(X'FFFE' AS TEXT)", "CAST(X'6100' AS TEXT)", "9223372036854775807"),
    *("-9223372036854775808", "9e999", "-9e999", "5e-324", "1.7976931348623157e308", "-0.0", "0.1", "zeroblob(70000)"),
    *_quoted(*_TEXTS, *_JSON, "9" * 1000, "0." + "9" * 1000, "-", "+1", "1_0", "\uff11" * 32, "0x10"),
    *_quoted("2026-02-30 10:00:00", "2026-01-31T25:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *_quoted("9999-12-31 23:59:59.999999", "????-??-??", "2026-01-31T10:00:00+99:99", "10000-01-01", "true ", "\u2028"),
    *("X'6F1C2B1E8F0E4A539A0E2D7F0F3A9B11'", "CAST('{}' AS BLOB)", "X'ED A0 80'".replace(" ", ""), "X'F0808080'"),
]
_KINDS: list[tuple[str, str, sa.types.TypeEngine[Any], str]] = [
    ("text", "text", sa.Text(), "text"),
    ("padded", "char(40)", sa.CHAR(40), "choice"),
    ("textId", "text", sa.Text(), "id"),
    ("uuid", "char(32)", sa.Uuid(), "id"),
    ("uuidText", "char(32)", sa.Uuid(), "text"),
    ("tags", "json", sa.JSON(), "tags"),
    ("integer", "integer", sa.Integer(), "number"),
    ("integerId", "integer", sa.Integer(), "id"),
    ("integerText", "integer", sa.Integer(), "text"),
    ("numeric", "numeric(10, 2)", sa.Numeric(10, 2), "number"),
    ("numericText", "numeric(10, 2)", sa.Numeric(10, 2), "text"),
    ("float", "float", sa.Float(), "number"),
    ("floatText", "float", sa.Float(), "text"),
    ("boolean", "boolean", sa.Boolean(), "boolean"),
    ("booleanText", "boolean", sa.Boolean(), "text"),
    ("date", "date", sa.Date(), "day"),
    ("dateText", "date", sa.Date(), "text"),
    ("time", "time", sa.Time(), "text"),
    ("datetime", "datetime", sa.DateTime(), "date"),
    ("untyped", "", sa.Text(), "text"),
]
#: SQLite stores every value in every column.
SQLITE: Mapping[str, Stored] = {name: (declared, type_, kind, _STORED) for name, declared, type_, kind in _KINDS}

#: A value for the operators of each kind.
VALUES = {
    ColumnKind.TEXT: "a",
    ColumnKind.NUMBER: "1.5",
    ColumnKind.DATE: "2026-03-01",
    ColumnKind.DAY: "2026-03-01",
    ColumnKind.CHOICE: "open",
}
IDS = {IdType.UUID: AN_ID, IdType.INTEGER: "9223372036854775807", IdType.TEXT: "a"}


def _column(name: str, expression: sa.ColumnElement[Any], kind: str) -> CatalogColumn:
    match kind:
        case "text":
            return text_column(name, name, expression, searchable=True)
        case "tags":
            return text_column(name, name, JoinedTags(expression), searchable=True)
        case "number":
            return number_column(name, name, expression, searchable=True)
        case "choice":
            return choice_column(name, name, expression, searchable=True)
        case "id":
            return id_column(name, name, expression, scope_role=ScopeRole.TEAM)
    return {"date": date_column, "day": day_column, "boolean": boolean_column}[kind](name, name, expression)


class Desk:
    """A table with one hostile column, and with hidden rows that have hostile values in it."""

    def __init__(self, engine: sa.Engine, stored: Stored) -> None:
        declared, type_, kind, values = stored
        self.engine = engine
        cells = (sa.column("id", sa.Integer), sa.column("opened", sa.DateTime), sa.column("gone", sa.DateTime))
        table = sa.table("hostile", *cells, sa.column("cell", type_), sa.column("team", sa.Integer))
        moment = "timestamp" if engine.dialect.name == "postgresql" else "datetime"
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS hostile")
            connection.exec_driver_sql(
                f"CREATE TABLE hostile (id integer, opened {moment}, gone {moment}, cell {declared}, team integer)"
            )
            insert = "INSERT INTO hostile VALUES (%d, %s, %s, %s, %d)"
            # psycopg would look for parameters.
            percent = "%%" if engine.dialect.name == "postgresql" else "%"
            for number, value in enumerate(each.replace("%", percent) for each in values):
                connection.exec_driver_sql(insert % (number, "'2026-01-01 00:00:00.000000'", "NULL", value, 2))
            connection.exec_driver_sql(insert % (1000, "'2026-01-01 00:00:00.000000'", "NULL", "NULL", 1))
        self.hidden = len(values)
        catalog = TicketCatalog(
            tables=table,
            id=table.c.id,
            created_at=table.c.opened,
            deleted_at=table.c.gone,
            columns=[number_column("id", "ID", table.c.id), _column("cell", table.c.cell, kind)],
            visible_to=lambda actor: EVERY_ROW if actor.is_admin else table.c.team == 1,
        )
        self.source = SqlAlchemyTicketSource(engine, catalog)

    @property
    def column(self) -> TicketColumn:
        column = self.source.columns(ADMIN).find("cell")
        assert column is not None
        return column

    def views(self) -> Iterator[dict[str, object]]:
        for zone in (None, "Pacific/Kiritimati"):
            yield {"columns": ["id", "cell"], "timeZone": zone}
        for operator in OPERATORS[self.column.kind]:
            yield {"filters": [{"field": "cell", "operator": operator.value, "value": self._value(operator)}]}
        if self.column.sortable:
            for direction in ("asc", "desc"):
                yield {"columns": ["id", "cell"], "sortField": "cell", "sortDirection": direction}
        if self.column.searchable:
            yield {"columns": ["id", "cell"], "searchTerm": "a"}
        if self.column.scope_role:
            yield {"scope": {"teamId": IDS[self.column.id_type]}}

    def _value(self, operator: Operator) -> str | None:
        if operator.takes_no_value:
            return None
        if operator.value.endswith("_days"):
            return "36500"
        return IDS[self.column.id_type] if self.column.kind is ColumnKind.ID else VALUES[self.column.kind]

    def read(self, actor: Actor, view: dict[str, object]) -> tuple[int, bytes]:
        query = TicketQuery.of({"columns": ["id"], **view}, self.source.columns(actor), actor=actor, as_of=NOW)
        with self.source.open(query, CsvFormat()) as reader:
            return reader.count(), b"".join(block.data for block in reader.blocks())


def _prove(desk: Desk) -> None:
    seen_by_admin = 0
    views = list(desk.views())
    for view in views:
        count, data = desk.read(AGENT, view)
        assert count <= 1
        assert data in {b"", b"1000\n", b"1000,\n"}
        seen_by_admin = max(seen_by_admin, desk.read(ADMIN, view)[0])
    assert seen_by_admin == desk.hidden + 1
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM hostile WHERE team = 2")
    alone = [desk.read(AGENT, view) for view in views]
    assert alone == [desk.read(ADMIN, view) for view in views]


@pytest.fixture(scope="module", params=["postgresql_server", "installed_postgresql_server"])
def postgresql(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    server: PostgresqlServer = request.getfixturevalue(request.param)
    with server.database(migrated=False) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TYPE hostile_mood AS ENUM ('', 'a b')")
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('hostile')}/hostile.db")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("name", POSTGRESQL)
def test_no_value_that_postgresql_stores_makes_a_view_fail(postgresql: sa.Engine, name: str) -> None:
    _prove(Desk(postgresql, POSTGRESQL[name]))


@pytest.mark.parametrize("name", SQLITE)
def test_no_value_that_sqlite_stores_makes_a_view_fail(sqlite: sa.Engine, name: str) -> None:
    _prove(Desk(sqlite, SQLITE[name]))


@pytest.mark.parametrize("column", ["opened", "gone"])
@pytest.mark.parametrize("type_", ["timestamp", "timestamptz"])
def test_no_moment_of_creation_or_deletion_makes_a_view_fail_on_postgresql(
    postgresql: sa.Engine, column: str, type_: str
) -> None:
    desk = Desk(postgresql, POSTGRESQL["boolean"])
    with postgresql.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE hostile ALTER {column} TYPE {type_}")
        for number, moment in enumerate(_MOMENTS):
            row = f"{number}, '2026-01-01', NULL, true, 2"
            connection.exec_driver_sql(f"INSERT INTO hostile VALUES ({row})")
            connection.exec_driver_sql(f"UPDATE hostile SET {column} = '{moment}' WHERE id = {number} AND team = 2")
    for view in desk.views():
        assert desk.read(AGENT, view)[0] <= 1
        desk.read(ADMIN, view)


@pytest.mark.parametrize("column", ["opened", "gone"])
def test_no_moment_of_creation_or_deletion_makes_a_view_fail_on_sqlite(sqlite: sa.Engine, column: str) -> None:
    desk = Desk(sqlite, SQLITE["text"])
    with sqlite.begin() as connection:
        connection.exec_driver_sql(f"UPDATE hostile SET {column} = cell WHERE team = 2")
    for view in desk.views():
        assert desk.read(AGENT, view)[0] <= 1
        desk.read(ADMIN, view)
