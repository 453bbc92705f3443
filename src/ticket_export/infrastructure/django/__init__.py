"""The databases and models of a host on Django."""
