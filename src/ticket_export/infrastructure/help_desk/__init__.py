"""The reference schema: a help desk for use without a host's own tables."""
