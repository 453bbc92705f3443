"""Compares the export of Django's models with django-import-export."""
