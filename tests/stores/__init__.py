"""Real stores for the tests: each server is a process of its own on the loopback, whose data outlives a restart."""
