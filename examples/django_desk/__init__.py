"""A help desk in Django: its own users and permissions on SQLite."""
