"""A help desk in Django: teams, agents, tags, and custom fields in JSON."""
