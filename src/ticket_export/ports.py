"""Every port of the library, with the types of its arguments and results.

A host or a plugin that replaces a part inherits its port, and runs the contract suite of that port in
`ticket_export.testing`.
"""

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, Severity
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.formats.plain_format import PlainFormat
from ticket_export.application.formula_guard import guard
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog, SupportsAnonymising
from ticket_export.application.ports.background_task_repository import BackgroundTaskRepository, Backlog
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.compression import Compression, Compressor
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.export_job_repository import ExportJobRepository, FilesAtPlace
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsPlaces,
    SupportsSignedUrl,
)
from ticket_export.application.ports.file_format import (
    BOM,
    DELIMITER,
    HEADER,
    Cell,
    FileContainer,
    FileFormat,
    FormatOptions,
    RowBlock,
)
from ticket_export.application.ports.media_item_repository import MediaItemRepository
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.application.ports.supports_reading import SupportsReading
from ticket_export.application.ports.supports_selections import SupportsSelections
from ticket_export.application.ports.task_queue import SupportsListening, SupportsWaiting, TaskQueue
from ticket_export.application.ports.ticket_source import TicketReader, TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.application.view.choices import Choice
from ticket_export.application.view.conditions import (
    Condition,
    Interval,
    IsBoolean,
    IsEmpty,
    IsOneOf,
    NumberCompares,
    TextMatches,
    TextPosition,
    WithinDays,
    WithinIntervals,
    fold,
)
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import Search, TicketQuery
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserId

__all__ = [
    "BOM",
    "DELIMITER",
    "HEADER",
    "Actor",
    "AuditAction",
    "AuditEntry",
    "AuditLog",
    "BackgroundTask",
    "BackgroundTaskRepository",
    "BackgroundTaskStatus",
    "Backlog",
    "Cell",
    "Choice",
    "Clock",
    "ColumnKind",
    "Compression",
    "Compressor",
    "Condition",
    "CsvFormat",
    "ExportEvents",
    "ExportJob",
    "ExportJobRepository",
    "ExportJobStatus",
    "ExportStorage",
    "FileContainer",
    "FileFormat",
    "FileFormats",
    "FilesAtPlace",
    "Finding",
    "FormatOptions",
    "IdType",
    "Interval",
    "IsBoolean",
    "IsEmpty",
    "IsOneOf",
    "MediaItem",
    "MediaItemRepository",
    "NumberCompares",
    "ObjectWriter",
    "PlainFormat",
    "ProgressStage",
    "RowBlock",
    "ScopeRole",
    "Search",
    "Severity",
    "SupportsAnonymising",
    "SupportsCheck",
    "SupportsDiscardStale",
    "SupportsInterrupt",
    "SupportsListening",
    "SupportsNames",
    "SupportsPlaces",
    "SupportsReading",
    "SupportsSelections",
    "SupportsSignedUrl",
    "SupportsWaiting",
    "SystemPermissions",
    "TaskQueue",
    "TextMatches",
    "TextPosition",
    "TicketColumn",
    "TicketColumns",
    "TicketQuery",
    "TicketReader",
    "TicketSource",
    "UnitOfWork",
    "User",
    "UserDirectory",
    "UserId",
    "WithinDays",
    "WithinIntervals",
    "fold",
    "guard",
]
