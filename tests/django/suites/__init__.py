"""Suites of a host, as Django's runner and pytest-django run them in processes of their own."""
