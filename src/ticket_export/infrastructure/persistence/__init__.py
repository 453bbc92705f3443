"""Jobs, files, tasks and users in a SQL database: SQLite or PostgreSQL."""
