"""Export the ticket view a user is looking at to a file: in the background, whole, and safely.

`TicketExportContainer` wires everything; its use cases are called with the `Actor` first::

    job = container.request_export()(actor, {"columns": ["id", "title"]})

The other public modules are `ticket_export.catalog` (the tickets and columns of a host), `ticket_export.ports`
(everything that can be replaced), `ticket_export.storage` (storage plugins), `ticket_export.web.fastapi`,
`ticket_export.web.flask` and `ticket_export.web.django` (the pages, the HTTP API and the button),
`ticket_export.celery` (a Celery application as the job engine), `ticket_export.errors`, `ticket_export.testing`
(contract suites) and `ticket_export.testing.memory` (in-memory adapters). All other modules are private and may move.

Each name is imported when it is first used, so that a program loads only what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_export.application.actor import Actor
    from ticket_export.application.dto import (
        ChoiceDto,
        ChoicesDto,
        ColumnDto,
        ExportJobDto,
        ExportPage,
        FormatDto,
        LimitsDto,
        RequestedExportDto,
        WatchedExportDto,
        WatchedPage,
    )
    from ticket_export.application.export_policy import EVERYONE, ONLY_OWN, ExportPolicy, VisibleRequesters
    from ticket_export.application.file.download import Download
    from ticket_export.application.finding import Finding, Severity
    from ticket_export.application.formats.csv_format import CsvFormat
    from ticket_export.application.formula_guard import unguard
    from ticket_export.application.ports.user_directory import UserDirectory
    from ticket_export.application.run.run_outcome import RunOutcome, RunResult
    from ticket_export.application.run.stop_signal import StopSignal
    from ticket_export.application.use_cases.housekeep import Chore, Housekept
    from ticket_export.application.view.file_options import FileOptions
    from ticket_export.application.view.snapshot import ExportFilter, ExportScope, ExportSnapshotPayload
    from ticket_export.container import TicketExportContainer
    from ticket_export.domain.export_job_status import ExportJobStatus
    from ticket_export.domain.progress_stage import ProgressStage
    from ticket_export.domain.system_permissions import (
        IMPORT_EXPORT_TICKETS_PERMISSION,
        BuiltInSystemPermission,
        SystemPermissions,
    )
    from ticket_export.domain.user_id import UserId
    from ticket_export.errors import (
        ConfigurationError,
        DownloadUnavailableError,
        ExportExpiredError,
        ExportNotFoundError,
        ExportNotReadyError,
        InvalidPayloadError,
        InvalidTransitionError,
        JobDatabaseError,
        NotPermittedError,
        StorageError,
        TicketExportError,
        TooManyExportsError,
    )
    from ticket_export.infrastructure.help_desk.sample_data.loader import load_sample_data
    from ticket_export.infrastructure.migrate import adopt, downgrade, is_own_table, upgrade
    from ticket_export.infrastructure.null_export_events import NullExportEvents
    from ticket_export.infrastructure.persistence.database.engine import create_engine
    from ticket_export.infrastructure.persistence.host_tables import HostTable, HostTableNames
    from ticket_export.infrastructure.persistence.joined_unit_of_work import JoinedUnitOfWork
    from ticket_export.settings import Settings
else:
    # A type checker would accept any name of a module that has this function.
    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
        return value


__all__ = [
    "EVERYONE",
    "IMPORT_EXPORT_TICKETS_PERMISSION",
    "ONLY_OWN",
    "Actor",
    "BuiltInSystemPermission",
    "ChoiceDto",
    "ChoicesDto",
    "Chore",
    "ColumnDto",
    "ConfigurationError",
    "CsvFormat",
    "Download",
    "DownloadUnavailableError",
    "ExportExpiredError",
    "ExportFilter",
    "ExportJobDto",
    "ExportJobStatus",
    "ExportNotFoundError",
    "ExportNotReadyError",
    "ExportPage",
    "ExportPolicy",
    "ExportScope",
    "ExportSnapshotPayload",
    "FileOptions",
    "Finding",
    "FormatDto",
    "HostTable",
    "HostTableNames",
    "Housekept",
    "InvalidPayloadError",
    "InvalidTransitionError",
    "JobDatabaseError",
    "JoinedUnitOfWork",
    "LimitsDto",
    "NotPermittedError",
    "NullExportEvents",
    "ProgressStage",
    "RequestedExportDto",
    "RunOutcome",
    "RunResult",
    "Settings",
    "Severity",
    "StopSignal",
    "StorageError",
    "SystemPermissions",
    "TicketExportContainer",
    "TicketExportError",
    "TooManyExportsError",
    "UserDirectory",
    "UserId",
    "VisibleRequesters",
    "WatchedExportDto",
    "WatchedPage",
    "adopt",
    "create_engine",
    "downgrade",
    "is_own_table",
    "load_sample_data",
    "unguard",
    "upgrade",
]

_NAMES_BY_MODULE = {
    "application.actor": ["Actor"],
    "application.dto": [
        "ChoiceDto",
        "ChoicesDto",
        "ColumnDto",
        "ExportJobDto",
        "ExportPage",
        "FormatDto",
        "LimitsDto",
        "RequestedExportDto",
        "WatchedExportDto",
        "WatchedPage",
    ],
    "application.export_policy": ["EVERYONE", "ONLY_OWN", "ExportPolicy", "VisibleRequesters"],
    "application.file.download": ["Download"],
    "application.finding": ["Finding", "Severity"],
    "application.formats.csv_format": ["CsvFormat"],
    "application.formula_guard": ["unguard"],
    "application.ports.user_directory": ["UserDirectory"],
    "application.run.run_outcome": ["RunOutcome", "RunResult"],
    "application.run.stop_signal": ["StopSignal"],
    "application.use_cases.housekeep": ["Chore", "Housekept"],
    "application.view.file_options": ["FileOptions"],
    "application.view.snapshot": ["ExportFilter", "ExportScope", "ExportSnapshotPayload"],
    "container": ["TicketExportContainer"],
    "domain.export_job_status": ["ExportJobStatus"],
    "domain.progress_stage": ["ProgressStage"],
    "domain.system_permissions": [
        "IMPORT_EXPORT_TICKETS_PERMISSION",
        "BuiltInSystemPermission",
        "SystemPermissions",
    ],
    "domain.user_id": ["UserId"],
    "errors": [
        "ConfigurationError",
        "DownloadUnavailableError",
        "ExportExpiredError",
        "ExportNotFoundError",
        "ExportNotReadyError",
        "InvalidPayloadError",
        "InvalidTransitionError",
        "JobDatabaseError",
        "NotPermittedError",
        "StorageError",
        "TicketExportError",
        "TooManyExportsError",
    ],
    "infrastructure.help_desk.sample_data.loader": ["load_sample_data"],
    "infrastructure.migrate": ["adopt", "downgrade", "is_own_table", "upgrade"],
    "infrastructure.null_export_events": ["NullExportEvents"],
    "infrastructure.persistence.database.engine": ["create_engine"],
    "infrastructure.persistence.host_tables": ["HostTable", "HostTableNames"],
    "infrastructure.persistence.joined_unit_of_work": ["JoinedUnitOfWork"],
    "settings": ["Settings"],
}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _NAMES_BY_MODULE.items() for name in names}


def __dir__() -> list[str]:
    return __all__
