"""The same rows, as CSV, by other means; each module is run as a process of its own."""
