"""The events of exports, by which a host notifies its users or counts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ticket_export.domain.export_job import ExportJob


class ExportEvents(Protocol):
    """Its methods are called after the commit, at most once for an event. An error that one raises is only logged.

    The thread that ended the export waits for the call, so it should be quick. A job has its requester if the unit of
    work knows them.
    """

    @abstractmethod
    def completed(self, job: ExportJob) -> None:
        """Handle a completed export: it has its file."""

    @abstractmethod
    def failed(self, job: ExportJob) -> None:
        """Handle an export that ended without a file, also a cancelled one (`ExportJob.is_cancelled`)."""

    @abstractmethod
    def expired(self, job: ExportJob) -> None:
        """Handle an expired export: its retention has ended, and its file is deleted."""
