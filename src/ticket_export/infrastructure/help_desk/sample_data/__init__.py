"""Sample people and tickets to try the library with."""
