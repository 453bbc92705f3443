"""Task queues and the worker that runs their tasks."""
