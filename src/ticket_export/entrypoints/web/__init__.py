"""Exports over HTTP: an API on plain values, pages, and bindings for web frameworks."""
