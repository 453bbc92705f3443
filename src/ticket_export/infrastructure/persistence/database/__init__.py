"""Connections, transactions, time and errors of a database."""
