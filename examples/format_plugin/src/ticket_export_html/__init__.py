"""Adds the format `html` to ticket-export: a table that a browser shows and prints."""
