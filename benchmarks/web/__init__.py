"""Hosts that serve exports over HTTP, and clients that measure them."""
