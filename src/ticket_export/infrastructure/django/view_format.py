"""The file format of a stored view, read by the database."""

from __future__ import annotations

from typing import Any

from django.db.models import Func, TextField


class ViewFormat(Func):
    """The ``file.format`` of the JSON of a view; NULL for a view without one, or one that is not JSON."""

    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for ``jsonb``."""
        return self.as_sql(compiler, connection, template="%(expressions)s #>> '{file,format}'", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for a text, which another program may have written."""
        template = "CASE WHEN JSON_VALID(%(expressions)s) THEN JSON_EXTRACT(%(expressions)s, '$.file.format') END"
        return self.as_sql(compiler, connection, template=template, **context)
