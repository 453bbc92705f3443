"""What a host is told about exports, to notify its users or to count."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ticket_export.domain.export_job import ExportJob


class ExportEvents(Protocol):
    """Called after the commit, at most once an event; what it raises is logged and harms nothing.

    The thread that ended the export makes the call and waits for it, so it should be quick. Jobs come
    with their requester, where the unit of work knows one.
    """

    @abstractmethod
    def completed(self, job: ExportJob) -> None:
        """The export has its file."""

    @abstractmethod
    def failed(self, job: ExportJob) -> None:
        """The export ended without a file; cancelled ones too (`ExportJob.is_cancelled`)."""

    @abstractmethod
    def expired(self, job: ExportJob) -> None:
        """The retention is over, and the file is gone."""
