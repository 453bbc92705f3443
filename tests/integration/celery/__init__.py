"""Exports that the workers of a host's Celery application run."""
