"""What Alembic runs for either history; `migrate` hands over the open connection."""

from __future__ import annotations

from alembic import context

# The caller's transaction holds the whole migration; a failing one leaves nothing behind.
context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
