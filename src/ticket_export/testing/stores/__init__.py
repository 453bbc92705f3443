"""The parts of `ticket_export.testing.StorageContract`, by subject."""
