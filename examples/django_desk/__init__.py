"""A help desk in Django: teams with members, tags, and custom fields in JSON."""
