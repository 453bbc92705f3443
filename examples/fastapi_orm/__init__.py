"""A help desk in FastAPI: the async ORM on PostgreSQL, and agents who work in several teams."""
