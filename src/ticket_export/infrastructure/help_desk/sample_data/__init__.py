"""People and tickets to try the library with."""
