"""An adapter of every port that needs nothing but memory, for tests and first steps."""
