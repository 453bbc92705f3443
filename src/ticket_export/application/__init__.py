"""What the library does: use-cases, the ports they need, and the models that cross the border."""
