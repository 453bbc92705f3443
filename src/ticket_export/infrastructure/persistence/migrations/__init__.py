"""Two Alembic histories with a version table each, so that neither meets one of the host's."""
