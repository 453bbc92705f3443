"""For hosts with a Celery application: `install` lets its workers run the exports.

It needs the extra ``celery``: ``pip install 'ticket-export[celery]'``. docs/how-to/use-celery.md shows it.
"""

from ticket_export.entrypoints.celery.install import install

__all__ = ["install"]
