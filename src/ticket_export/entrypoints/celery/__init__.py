"""A host's Celery application as the engine of exports: its tasks, schedule and signals."""
