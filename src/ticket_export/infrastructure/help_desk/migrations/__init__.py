"""The migrations of the reference schema."""
