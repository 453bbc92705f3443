"""Alembic's environment for both histories, on the connection that `migrate` has opened."""

from __future__ import annotations

from alembic import context

# The caller's transaction holds the whole migration, so a failed migration leaves nothing behind.
context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
