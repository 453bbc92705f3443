"""What the two Alembic histories share. Each has its own version table, apart from the host's."""
