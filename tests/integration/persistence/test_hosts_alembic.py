"""A host's own Alembic leaves the library's tables alone."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ticket_export import HostTable, HostTableNames, create_engine, is_own_table, upgrade


def test_every_table_that_a_migration_creates_is_the_librarys_own(tmp_path: Path) -> None:
    metadata = sa.MetaData()
    users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = create_engine(f"sqlite:///{tmp_path}/desk.db")
    metadata.create_all(engine)
    upgrade(engine, names=HostTableNames(users=HostTable(users)))
    assert sorted(name for name in sa.inspect(engine).get_table_names() if not is_own_table(name)) == ["users"]

    def include_name(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not is_own_table(name or "")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": include_name})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
