"""A help desk for several companies: a database for each, and one login for all of them, which lives elsewhere."""
