"""A help desk of a host on Django, with rules in `Q`; the ORM itself is the oracle. Runs in processes of its own."""
