"""The history of the library's tables in a database of Django."""
