"""User models of hosts, one a process: ``DESK_USERS`` names its kind."""
