"""An adapter of every port that needs nothing but memory; `ticket_export.testing.memory` is its public module."""
