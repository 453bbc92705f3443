"""An in-memory adapter of every port, for the tests of hosts."""

from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog
from ticket_export.infrastructure.memory.background_task_repository import InMemoryBackgroundTaskRepository
from ticket_export.infrastructure.memory.clock import InMemoryClock
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.export_events import InMemoryExportEvents
from ticket_export.infrastructure.memory.export_job_repository import InMemoryExportJobRepository
from ticket_export.infrastructure.memory.media_item_repository import InMemoryMediaItemRepository
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.task_queue import InMemoryTaskQueue
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicket, InMemoryTicketSource
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.infrastructure.memory.unreliable_task_queue import Fate, UnreliableTaskQueue
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory

__all__ = [
    "Fate",
    "InMemoryAuditLog",
    "InMemoryBackgroundTaskRepository",
    "InMemoryClock",
    "InMemoryDatabase",
    "InMemoryExportEvents",
    "InMemoryExportJobRepository",
    "InMemoryMediaItemRepository",
    "InMemoryStorage",
    "InMemoryTaskQueue",
    "InMemoryTicket",
    "InMemoryTicketSource",
    "InMemoryUnitOfWork",
    "InMemoryUserDirectory",
    "UnreliableTaskQueue",
]
