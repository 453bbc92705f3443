"""Jobs, files and tasks in a SQL database: SQLite or PostgreSQL."""
