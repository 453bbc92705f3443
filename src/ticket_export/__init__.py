"""Export the ticket view a user is looking at to CSV: in the background, whole, and safely.

`TicketExportContainer` wires everything; its use-cases are called with the `Actor` first::

    job = container.request_export()(actor, {"columns": ["id", "title"]})

The ports that a host may fill itself are in `ticket_export.application.ports`, adapters for its tests in
`ticket_export.infrastructure.memory`, contract suites for its own adapters in `ticket_export.testing`. Who adds a
storage finds here what it takes: `ExportStorage`, `ObjectWriter`, `SupportsDiscardStale`, `SupportsSignedUrl`,
`check_key`, `check_prefix`, `content_disposition` and the errors.
"""

from ticket_export.application.actor import Actor
from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.dto import ExportJobDto, ExportPage, RequestedExportDto
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.file.download import Download, content_disposition
from ticket_export.application.formula_guard import guard, unguard
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog
from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsSignedUrl,
)
from ticket_export.application.run.stop_signal import StopSignal
from ticket_export.application.use_cases.cancel_export import CancelExport
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUpExpiredExports
from ticket_export.application.use_cases.get_export import GetExport
from ticket_export.application.use_cases.list_exports import ListExports
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.application.use_cases.recover_stalled_exports import RecoverStalledExports
from ticket_export.application.use_cases.request_export import RequestExport
from ticket_export.application.use_cases.retry_export import RetryExport
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.application.use_cases.run_next_export import RunNextExport
from ticket_export.application.use_cases.sweep_orphaned_objects import SweepOrphanedObjects
from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.container import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.domain.system_permissions import (
    IMPORT_EXPORT_TICKETS_PERMISSION,
    BuiltInSystemPermission,
    SystemPermissions,
)
from ticket_export.domain.user import User
from ticket_export.errors import (
    ConfigurationError,
    DownloadUnavailableError,
    ExportExpiredError,
    ExportFailure,
    ExportNotFoundError,
    ExportNotReadyError,
    InvalidKeyError,
    InvalidPayloadError,
    InvalidTransitionError,
    JobDatabaseError,
    LeaseLostError,
    ListenerStuckError,
    MissingExtraError,
    MissingTableError,
    NotPermittedError,
    ObjectNotFoundError,
    PermissionLostError,
    RowCountMismatchError,
    StaleViewError,
    StorageError,
    TicketExportError,
    TicketSourceError,
    TicketsUnavailableError,
    TooManyExportsError,
    UnknownDeveloperNameError,
    UnsupportedDialectError,
)
from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
from ticket_export.infrastructure.migrate import downgrade, upgrade
from ticket_export.infrastructure.null_export_events import NullExportEvents
from ticket_export.infrastructure.persistence.database.engine import create_engine
from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
from ticket_export.infrastructure.storage.keys import check_key, check_prefix
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.infrastructure.tasks.worker import Worker
from ticket_export.infrastructure.tickets.catalog import (
    TicketCatalog,
    boolean_column,
    choice_column,
    date_column,
    day_column,
    id_column,
    number_column,
    text_column,
)
from ticket_export.settings import Settings

__all__ = [
    "IMPORT_EXPORT_TICKETS_PERMISSION",
    "Actor",
    "AuditAction",
    "AuditEntry",
    "AuditLog",
    "BackgroundTask",
    "BackgroundTaskStatus",
    "BuiltInSystemPermission",
    "CancelExport",
    "CleanUpExpiredExports",
    "ColumnKind",
    "ConfigurationError",
    "CsvFormat",
    "Download",
    "DownloadUnavailableError",
    "ExportEvents",
    "ExportExpiredError",
    "ExportFailure",
    "ExportFilter",
    "ExportJob",
    "ExportJobDto",
    "ExportJobStatus",
    "ExportNotFoundError",
    "ExportNotReadyError",
    "ExportPage",
    "ExportPolicy",
    "ExportScope",
    "ExportSnapshotPayload",
    "ExportStorage",
    "GetExport",
    "HostTable",
    "HostTableNames",
    "IdType",
    "InvalidKeyError",
    "InvalidPayloadError",
    "InvalidTransitionError",
    "JobDatabaseError",
    "JoinedUnitOfWork",
    "LeaseLostError",
    "ListExports",
    "ListenerStuckError",
    "LocalStorage",
    "MediaItem",
    "MissingExtraError",
    "MissingTableError",
    "NotPermittedError",
    "NullExportEvents",
    "ObjectNotFoundError",
    "ObjectWriter",
    "OpenDownload",
    "PermissionLostError",
    "ProgressStage",
    "RecoverStalledExports",
    "RequestExport",
    "RequestedExportDto",
    "RetryExport",
    "RowCountMismatchError",
    "RunExport",
    "RunNextExport",
    "ScopeRole",
    "Settings",
    "StaleViewError",
    "StopSignal",
    "StorageError",
    "SupportsDiscardStale",
    "SupportsSignedUrl",
    "SweepOrphanedObjects",
    "SystemPermissions",
    "TicketCatalog",
    "TicketColumn",
    "TicketColumns",
    "TicketExportContainer",
    "TicketExportError",
    "TicketSourceError",
    "TicketsUnavailableError",
    "TooManyExportsError",
    "UnknownDeveloperNameError",
    "UnsupportedDialectError",
    "User",
    "Worker",
    "boolean_column",
    "check_key",
    "check_prefix",
    "choice_column",
    "content_disposition",
    "create_engine",
    "date_column",
    "day_column",
    "downgrade",
    "guard",
    "id_column",
    "load_sample_data",
    "number_column",
    "text_column",
    "unguard",
    "upgrade",
]
