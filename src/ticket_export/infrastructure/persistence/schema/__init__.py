"""The tables of a database compared with those that the library needs, and what a migration adds to them."""
