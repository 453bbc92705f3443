"""What came of an attempt to run the next export."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.domain.export_job_status import ExportJobStatus


class RunResult(StrEnum):
    """The kinds of outcomes."""

    #: No export was waiting, or none that may be run now.
    NOTHING = "nothing"
    #: The export has its file.
    COMPLETED = "completed"
    #: The export has failed, and its message says why.
    FAILED = "failed"
    #: The worker stops, and the export waits for another one.
    HANDED_BACK = "handed_back"
    #: The export was cancelled or taken over meanwhile; somebody else has it.
    LEFT = "left"
    #: The tickets, the storage or this process lacked something, and the export waits for another attempt.
    LOST = "lost"


@attrs.frozen(kw_only=True)
class RunOutcome:
    """The outcome of one call of `RunNextExport`.

    `job_id` is the export that was claimed, None if there was none. `job` is that export after its end, if the result
    is `COMPLETED` or `FAILED`. `error` says why the result is `HANDED_BACK`, `LEFT` or `LOST`, and is in the log. After
    `LOST`, wait a moment before the next call: what was lacking may be lacking still.
    """

    result: RunResult
    job_id: UUID | None = None
    job: ExportJobDto | None = None
    error: Exception | None = None

    @classmethod
    def of_end(cls, job: ExportJobDto) -> RunOutcome:
        """Return the outcome of a run that ended the job."""
        is_completed = job.status == ExportJobStatus.COMPLETED
        return cls(result=RunResult.COMPLETED if is_completed else RunResult.FAILED, job_id=job.id, job=job)
