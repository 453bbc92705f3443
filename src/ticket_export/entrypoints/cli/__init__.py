"""The command line ``ticket-export``: one module a command, loaded when the command runs."""
