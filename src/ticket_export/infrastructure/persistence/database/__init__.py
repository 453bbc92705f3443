"""A database's connections, transactions, clock and errors."""
