"""The states of an export job."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ticket_export.errors import UnknownDeveloperNameError


@attrs.frozen(eq=False)
class ExportJobStatus:
    """A value object, equal by its developer name (the text that the database stores)."""

    label: str
    developer_name: str

    #: Requested and stored; waits for a worker.
    QUEUED: ClassVar[ExportJobStatus]
    #: A worker is counting, reading or uploading.
    RUNNING: ClassVar[ExportJobStatus]
    #: The whole file is stored and its row count known. Final.
    COMPLETED: ClassVar[ExportJobStatus]
    #: Ended without a file; the job's error message says why. Final.
    FAILED: ClassVar[ExportJobStatus]

    @classmethod
    def supported_types(cls) -> tuple[ExportJobStatus, ...]:
        """All four statuses, in the order of the lifecycle."""
        return (cls.QUEUED, cls.RUNNING, cls.COMPLETED, cls.FAILED)

    @classmethod
    def from_developer_name(cls, developer_name: str) -> ExportJobStatus:
        """The status with that developer name, in any letter case.

        Raises:
            UnknownDeveloperNameError: no status has it.
        """
        for status in cls.supported_types():
            if status.developer_name == developer_name.lower():
                return status
        known = [status.developer_name for status in cls.supported_types()]
        raise UnknownDeveloperNameError("export job status", developer_name, known)

    @property
    def is_final(self) -> bool:
        """Whether a job in this state has ended."""
        return self in {ExportJobStatus.COMPLETED, ExportJobStatus.FAILED}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExportJobStatus):
            return NotImplemented
        return self.developer_name == other.developer_name

    def __hash__(self) -> int:
        return hash(self.developer_name)

    def __str__(self) -> str:
        return self.developer_name


ExportJobStatus.QUEUED = ExportJobStatus("Queued", "queued")
ExportJobStatus.RUNNING = ExportJobStatus("Running", "running")
ExportJobStatus.COMPLETED = ExportJobStatus("Completed", "completed")
ExportJobStatus.FAILED = ExportJobStatus("Failed", "failed")
