"""Export the ticket view a user is looking at to CSV: in the background, whole, and safely.

`TicketExportContainer` wires everything; its use-cases are called with the `Actor` first::

    job = container.request_export()(actor, {"columns": ["id", "title"]})
"""

from ticket_export.application.actor import Actor
from ticket_export.application.csv_format import CsvFormat
from ticket_export.application.dto import Download, ExportJobDto, ExportPage
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
from ticket_export.application.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.application.use_cases.get_export import GetExport
from ticket_export.application.use_cases.list_exports import ListExports
from ticket_export.application.use_cases.open_download import OpenDownload
from ticket_export.application.use_cases.request_export import RequestExport
from ticket_export.application.use_cases.run_export import RunExport
from ticket_export.container import TicketExportContainer
from ticket_export.domain.background_task import BackgroundTask, BackgroundTaskStatus
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.media_item import MediaItem
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.domain.system_permissions import BuiltInSystemPermission, SystemPermissions
from ticket_export.domain.user import User
from ticket_export.errors import TicketExportError
from ticket_export.settings import Settings

__all__ = [
    "Actor",
    "BackgroundTask",
    "BackgroundTaskStatus",
    "BuiltInSystemPermission",
    "ColumnKind",
    "CsvFormat",
    "Download",
    "ExportFilter",
    "ExportJob",
    "ExportJobDto",
    "ExportJobStatus",
    "ExportPage",
    "ExportPolicy",
    "ExportScope",
    "ExportSnapshotPayload",
    "GetExport",
    "IdType",
    "ListExports",
    "MediaItem",
    "OpenDownload",
    "ProgressStage",
    "RequestExport",
    "RunExport",
    "ScopeRole",
    "Settings",
    "SystemPermissions",
    "TicketColumn",
    "TicketColumns",
    "TicketExportContainer",
    "TicketExportError",
    "User",
]
