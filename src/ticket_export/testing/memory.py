"""An adapter of every port that needs nothing but memory, for a host's tests."""

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
