"""A model with a field of each kind that a catalog supports."""
