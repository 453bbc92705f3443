"""The history of the reference schema: the help desk, for use without a host."""
