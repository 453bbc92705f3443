"""Exports in the tests of a host on Django."""
