"""The states of an export job."""

from __future__ import annotations

from enum import StrEnum

from ticket_export.errors import UnknownDeveloperNameError


class ExportJobStatus(StrEnum):
    """A status is its developer name, the text that the database stores.

    So ``status == "queued"`` is true, with the same hash, and JSON and f-strings hold that text (the seed's implicit
    operator to string). ``"Queued"`` is another text.
    """

    #: Requested and stored; waits for a worker.
    QUEUED = "queued"
    #: A worker is counting, reading or uploading.
    RUNNING = "running"
    #: The whole file is stored and its row count known. Final.
    COMPLETED = "completed"
    #: Ended without a file; the job's error message says why. Final.
    FAILED = "failed"

    @property
    def label(self) -> str:
        """The status as people read it."""
        return self.value.capitalize()

    @property
    def developer_name(self) -> str:
        """The status as a plain ``str``."""
        return self.value

    @classmethod
    def supported_types(cls) -> tuple[ExportJobStatus, ...]:
        """Return all four statuses, in the order of the lifecycle."""
        return tuple(cls)

    @classmethod
    def from_developer_name(cls, developer_name: str) -> ExportJobStatus:
        """Return the status with that developer name, in any letter case.

        Raises:
            UnknownDeveloperNameError: no status has it.
        """
        for status in cls:
            if status.value == developer_name.lower():
                return status
        raise UnknownDeveloperNameError("export job status", developer_name, [status.value for status in cls])

    @property
    def is_final(self) -> bool:
        """Whether a job in this state has ended."""
        return self in {ExportJobStatus.COMPLETED, ExportJobStatus.FAILED}
