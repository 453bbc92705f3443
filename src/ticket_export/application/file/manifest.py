"""The manifest next to every exported file: it proves what was exported."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final, Self
from uuid import UUID

from pydantic import Field, ValidationError

from ticket_export.application.dto import Dto
from ticket_export.application.file.export_file import WrittenFile
from ticket_export.application.user_key import UserIdField
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import StorageError

CONTENT_TYPE: Final = "application/json"
#: Bytes; a view has a much lower limit.
MAX_LENGTH: Final = 4 * 1024 * 1024
# The version of the running code; the installed one may change before an export ends.
_VERSION: Final = version("ticket-export")


class ManifestColumn(Dto):
    """A column of the file: its name in views, and its label in the header.

    `choices` has, by stored value, the labels that the file shows instead; JSON leaves it out if there are none.
    """

    name: str
    label: str
    choices: dict[str, str] = Field(default_factory=dict, exclude_if=lambda choices: not choices)


class ExportManifest(Dto):
    """One exported file; JSON is camelCase, times are aware UTC.

    `view` is the stored view of the request. `as_of` is the time of the request: tickets created later are not in the
    file, and tickets deleted later are. `length` (bytes) and `sha256` (hexadecimal digits) are those of the file as it
    is stored, which may be compressed. `changes` says how many cells the format could not hold as they are, by the kind
    of change; JSON leaves it out for a format that holds everything.
    """

    job_id: UUID
    requester_user_id: UserIdField
    view: dict[str, Any]
    columns: tuple[ManifestColumn, ...]
    as_of: datetime
    row_count: int
    file_name: str
    content_type: str
    length: int
    changes: dict[str, int] = Field(default_factory=dict, exclude_if=lambda changes: not changes)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    written_at: datetime
    library_version: str

    @classmethod
    def of(cls, job: ExportJob, query: TicketQuery, file: WrittenFile, item: MediaItem) -> Self:
        """Return the manifest of the file that the job has written for the query."""
        return cls(
            job_id=job.id,
            requester_user_id=job.requester_user_id,
            view=json.loads(job.snapshot_payload_json),
            columns=tuple(
                ManifestColumn(name=column.name, label=column.label, choices=dict(column.labels))
                for column in query.columns
            ),
            as_of=job.requested_at,
            row_count=file.rows,
            file_name=item.file_name,
            content_type=item.content_type,
            length=file.length,
            changes=dict(file.changes),
            sha256=file.sha256,
            written_at=item.creation_time,
            library_version=_VERSION,
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return the manifest in the bytes of `encode`.

        Raises:
            StorageError: the bytes are not a manifest.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise StorageError("the manifest of the file cannot be read") from error

    def encode(self) -> bytes:
        """Return the manifest as it is stored."""
        return self.model_dump_json(indent=2).encode() + b"\n"
