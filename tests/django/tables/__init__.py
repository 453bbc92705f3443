"""The tables of exports in a database of Django."""
