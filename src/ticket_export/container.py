"""The composition root: every port, the adapter that fills it, and the use-cases on top.

A host changes a part by overriding its provider, and everything built from it follows::

    container = TicketExportContainer()
    container.storage.override(InMemoryStorage())
    job = container.request_export()(actor, {"columns": ["id", "title"]})

Settings, tables, engine and catalog are kept once they are built, so those are overridden before the first use.
"""

from __future__ import annotations

import os
import socket

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Factory, Object, Singleton

from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.use_cases.get_export import GetExport
from ticket_export.application.use_cases.list_exports import ListExports
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.application.use_cases.request_export import RequestExport
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog
from ticket_export.infrastructure.persistence.engine import create_engine
from ticket_export.infrastructure.persistence.host_table_names import SEED_TABLE_NAMES
from ticket_export.infrastructure.persistence.tables import build_tables
from ticket_export.infrastructure.persistence.unit_of_work import SqlAlchemyUnitOfWork
from ticket_export.infrastructure.persistence.user_directory import SqlAlchemyUserDirectory
from ticket_export.infrastructure.storage.local import LocalStorage
from ticket_export.infrastructure.system_clock import SystemClock
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue
from ticket_export.infrastructure.tickets.reference_catalog import reference_catalog
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.settings import Settings


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


class TicketExportContainer(DeclarativeContainer):
    """Ports and use-cases by name; call a provider to have what it provides."""

    settings = Singleton(Settings.load)

    # What the host's own parts usually replace.
    table_names = Object(SEED_TABLE_NAMES)
    tables = Singleton(build_tables, table_names)
    engine = Singleton(create_engine, settings.provided.database_url)
    catalog = Singleton(reference_catalog, tables)
    csv_format = Factory(CsvFormat, bom=settings.provided.csv_bom, formula_guard=settings.provided.formula_guard)
    policy = Factory(ExportPolicy)

    # The ports.
    clock = Singleton(SystemClock)
    unit_of_work = Factory(SqlAlchemyUnitOfWork, engine, tables)
    ticket_source = Factory(SqlAlchemyTicketSource, engine, catalog)
    storage = Singleton(LocalStorage.from_url, settings.provided.storage_url)
    user_directory = Factory(SqlAlchemyUserDirectory, engine, tables)
    audit_log = Singleton(LoggingAuditLog)

    # The use-cases.
    run_export = Factory(
        RunExport,
        unit_of_work=unit_of_work.provider,
        ticket_source=ticket_source,
        storage=storage,
        user_directory=user_directory,
        audit_log=audit_log,
        policy=policy,
        clock=clock,
        csv_format=csv_format,
        lease=settings.provided.lease,
        worker=Factory(_worker_name),
    )
    task_queue = Factory(InlineTaskQueue, run_export)
    request_export = Factory(
        RequestExport,
        unit_of_work=unit_of_work.provider,
        ticket_source=ticket_source,
        task_queue=task_queue,
        audit_log=audit_log,
        policy=policy,
        clock=clock,
        retention=settings.provided.retention,
    )
    get_export = Factory(GetExport, unit_of_work=unit_of_work.provider, policy=policy)
    list_exports = Factory(ListExports, unit_of_work=unit_of_work.provider, policy=policy)
    open_download = Factory(
        OpenDownload,
        unit_of_work=unit_of_work.provider,
        storage=storage,
        audit_log=audit_log,
        policy=policy,
        clock=clock,
    )
