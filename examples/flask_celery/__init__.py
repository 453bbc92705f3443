"""The help desk of `flask_integer_users`, whose exports run in the Celery workers that it has already."""
