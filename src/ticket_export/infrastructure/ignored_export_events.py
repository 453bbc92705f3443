"""The events of a host that listens to none, or to some."""

from __future__ import annotations

from ticket_export.domain.export_job import ExportJob


class IgnoredExportEvents:
    """Does nothing. A host inherits it and overrides what it wants to hear."""

    def completed(self, job: ExportJob) -> None:
        """The export has its file."""

    def failed(self, job: ExportJob) -> None:
        """The export ended without a file."""

    def expired(self, job: ExportJob) -> None:
        """The retention is over, and the file is gone."""
