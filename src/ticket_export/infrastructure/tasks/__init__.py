"""Task queues: how a committed task gets to be run."""
