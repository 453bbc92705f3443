"""Django's own ``flush``, which also empties SQLite's tables of users while there are exports of them."""

from __future__ import annotations

from typing import Any, Final

from django.core.management.commands import flush
from django.db import connections

_EXPORTS: Final = "ExportJobs"


class Command(flush.Command):
    """Deletes the exports first: SQLite refuses to delete their users before, and Django deletes in any order.

    A ``TransactionTestCase`` calls it after each test.
    """

    def handle(self, **options: Any) -> None:
        """Flush the database, as the options of Django's command say."""
        connection = connections[options["database"]]
        if connection.vendor == "sqlite" and _EXPORTS in connection.introspection.table_names():
            with connection.execute_wrapper(_ExportsFirst()):
                super().handle(**options)
        else:
            super().handle(**options)


class _ExportsFirst:
    """Deletes the exports before the first other deletion, which is after the user's confirmation."""

    def __init__(self) -> None:
        self._is_done = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self._is_done and sql.lstrip().upper().startswith("DELETE "):
            self._is_done = True
            execute(f'DELETE FROM "{_EXPORTS}"', None, False, context)  # noqa: S608 - the name of a table
        return execute(sql, params, many, context)
