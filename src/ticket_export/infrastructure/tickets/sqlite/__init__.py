"""Tickets from SQLite."""
