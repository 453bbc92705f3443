"""The reference schema: the help desk for use without a host's own tables."""
