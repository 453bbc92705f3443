"""Measures what a storage on the far side of a network adds to an export."""
