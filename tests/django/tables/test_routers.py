"""The tables are where Django's routers put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from sqlalchemy import make_url

from tests.django.project import DeskProject
from tests.django.tables.project import SetProject
from tests.postgresql_server import PostgresqlServer

_BEFORE = """
from django.db import connections
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
def references(alias):
    return str(catalog(alias)["ExportJobs"])
def refusal(call):
    try:
        call()
    except Exception as error:
        return str(error)
"""


@attrs.frozen
class _TwoDatabases(SetProject):
    other: str = attrs.field(kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DESK_OTHER": self.other}


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str | None, str]]:
    """The URL of the first database, and the name of the second."""
    if request.param == "sqlite":
        yield None, str(tmp_path / "other.db")
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    with server.database(migrated=False) as url, server.database(migrated=False) as second:
        yield url, str(make_url(second).database)


def _project(folder: Path, other: tuple[str | None, str], router: str) -> DeskProject:
    settings = {"DATABASE_ROUTERS": [f"tests.django.tables.routers.{router}"]}
    return _TwoDatabases(folder, other[0], settings=settings, other=other[1])


def test_exports_in_a_second_database_have_no_key_to_users(tmp_path: Path, other: tuple[str | None, str]) -> None:
    _project(tmp_path, other, "ExportsInOther").run(
        _BEFORE
        + """
migrate()
# Recorded there too, as for every application, without tables.
assert catalog("default") == {}
assert "python manage.py migrate --database other" in refusal(lambda: export(an_admin()))
migrate(database="other")
assert len(catalog("other")) == 5 and "auth_user" not in references("other") and "MediaItems" in references("other")
assert "auth_user" not in connections["other"].introspection.table_names()
assert differences("other") == []
migrate(database="other")
a_ticket()
assert export(an_admin()) == ["Subject", "Wi-Fi"]
migrate("ticket_export", "zero", database="other")
assert catalog("other") == {}
migrate(database="other")
assert export(an_admin()) == ["Subject", "Wi-Fi"]
"""
    )


def test_users_in_the_same_second_database_have_a_key(tmp_path: Path, other: tuple[str | None, str]) -> None:
    _project(tmp_path, other, "EverythingInBoth").run(
        _BEFORE
        + """
migrate()
migrate(database="other")
assert catalog("default") == {} and "auth_user" in references("other")
assert differences("other") == []
"""
    )
