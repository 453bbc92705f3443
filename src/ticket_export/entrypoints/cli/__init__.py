"""The command line ``ticket-export``: one file a command, and what they share."""
