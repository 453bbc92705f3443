"""Measures the time and memory that a storage across a network adds to an export."""
