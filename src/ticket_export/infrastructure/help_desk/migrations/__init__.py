"""The history of the reference schema."""
