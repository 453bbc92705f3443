"""The commands of exports for ``manage.py``."""
