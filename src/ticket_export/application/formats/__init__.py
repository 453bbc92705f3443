"""The formats of the library, in Python alone."""
