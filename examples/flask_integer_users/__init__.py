"""A help desk in Flask: Flask-SQLAlchemy on SQLite, and agents who have a number and one name."""
