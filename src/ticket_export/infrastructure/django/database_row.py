"""The one row of ``ExportDatabase``, which no model has, so that ``flush`` and ``loaddata`` leave it as it is."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections, router, transaction

from ticket_export.infrastructure.django.table_statements import TableStatements
from ticket_export.infrastructure.django.users_table import host_table_names
from ticket_export.infrastructure.persistence.tables import build_tables


def ensure_database_row(*, using: str) -> None:
    """Give the database an id again, after ``migrate`` or ``flush``, if somebody has deleted its row."""
    if not router.allow_migrate_model(using, apps.get_model("ticket_export", "ExportJob")):
        return
    django = connections[using]
    with transaction.atomic(using=using), django.cursor() as cursor:
        if "ExportDatabase" not in django.introspection.table_names(cursor):
            return
        cursor.execute('SELECT 1 FROM "ExportDatabase"')
        if cursor.fetchone() is None:
            tables = build_tables(host_table_names(get_user_model(), using))
            cursor.execute(TableStatements.of(tables, django.vendor).add_database_row())
