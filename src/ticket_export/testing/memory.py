"""An in-memory adapter of every port, for the tests of hosts."""

from ticket_export.infrastructure.memory import (
    InMemoryAuditLog,
    InMemoryBackgroundTaskRepository,
    InMemoryClock,
    InMemoryDatabase,
    InMemoryExportEvents,
    InMemoryExportJobRepository,
    InMemoryMediaItemRepository,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicket,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

__all__ = [
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
]
