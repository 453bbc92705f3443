"""The events of a host that listens to none of them, or only to some."""

from __future__ import annotations

from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.domain.export_job import ExportJob


class NullExportEvents(ExportEvents):
    """Does nothing. A host inherits it and overrides the events that it listens to."""

    def completed(self, job: ExportJob) -> None: ...

    def failed(self, job: ExportJob) -> None: ...

    def expired(self, job: ExportJob) -> None: ...
