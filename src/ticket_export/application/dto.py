"""The results of use cases."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SkipValidation
from pydantic.alias_generators import to_camel

from ticket_export.application.user_key import UserIdField
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.filter_operators import Operator
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole
from ticket_export.application.view.view_summary import summary_of
from ticket_export.domain.export_job import CANCELLED, ExportJob

#: The view and the error message of an export without its details.
HIDDEN_VIEW: Final = "a view of another user"
HIDDEN_MESSAGE: Final = "The export failed."


class Dto(BaseModel):
    """A value that leaves the library as JSON."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
    )


class ExportJobDto(Dto):
    """An export job; JSON is camelCase, times are aware UTC.

    `requester_name` is the requester's display name, from the users table or else, in the results of `GetExport` and
    `ListExports`, from the user directory; None if neither has one. `view` is a summary of the view in one line of at
    most 1,000 characters; a list has a fixed text for a long view. `status` is the developer name. `file_name` and
    `length` (bytes) are None without a file.

    Some details tell of the tickets that the requester could see: columns, filter values, numbers of rows. Another user
    who may not see every row and every column gets the export without them: `row_count`, `file_name` and `length` are
    None, and `view` and `error_message` are fixed texts.
    """

    id: UUID
    requester_user_id: UserIdField
    requester_name: str | None
    view: str
    status: str
    progress_stage: str | None
    progress_percent: int | None
    row_count: int | None
    error_message: str | None
    requested_at: datetime
    completed_at: datetime | None
    expires_at: datetime
    is_cleaned_up: bool
    file_name: str | None
    length: int | None

    @classmethod
    def of(cls, job: ExportJob, *, view: str | None = None) -> ExportJobDto:
        """Return the DTO of the job; `view` is the summary of its view, if it is known already."""
        return cls(
            id=job.id,
            requester_user_id=job.requester_user_id,
            requester_name=(job.requester.full_name or None) if job.requester else None,
            view=summary_of(job) if view is None else view,
            status=job.status.developer_name,
            progress_stage=job.progress_stage,
            progress_percent=job.progress_percent,
            row_count=job.row_count,
            error_message=job.error_message,
            requested_at=job.requested_at,
            completed_at=job.completed_at,
            expires_at=job.expires_at,
            is_cleaned_up=job.is_cleaned_up,
            file_name=job.media_item.file_name if job.media_item else None,
            length=job.media_item.length if job.media_item else None,
        )

    def without_details(self) -> ExportJobDto:
        """Return the export as a user sees it who may not know what its requester could see."""
        says_nothing = self.error_message in {None, CANCELLED}
        hidden = {
            "view": HIDDEN_VIEW,
            "row_count": None,
            "error_message": self.error_message if says_nothing else HIDDEN_MESSAGE,
            "file_name": None,
            "length": None,
        }
        return self.model_copy(update=hidden)


class RequestedExportDto(ExportJobDto):
    """The result of a request.

    If `already_requested` is true, there is no new export: the user has requested the same view before, and this is
    that export, still queued or running.
    """

    already_requested: bool

    @classmethod
    def of_request(cls, job: ExportJob, *, already_requested: bool) -> RequestedExportDto:
        """Return the DTO of a requested job."""
        return cls(**ExportJobDto.of(job).model_dump(by_alias=False), already_requested=already_requested)


class ExportPage(Dto):
    """One page of exports, newest first; `page` counts from 1, `total` is over all pages."""

    items: tuple[ExportJobDto, ...]
    page: int
    page_size: int
    total: int


class WatchedExportDto(ExportJobDto):
    """An export, and what its reader may do with it now.

    `may_download` says whether the policy lets the actor have the file, also before there is one; `refusal` says why
    not. `has_file` is true from the completion until the export expires. `snapshot` is the view itself, which is left
    out of the JSON; None if the actor may not know it, and where it is long.
    """

    may_cancel: bool
    may_retry: bool
    may_download: bool
    has_file: bool
    refusal: str | None
    # Checked when it was read, and not once more for each reader.
    snapshot: SkipValidation[ExportSnapshotPayload | None] = Field(default=None, exclude=True, repr=False)


class WatchedPage(Dto):
    """One page of exports, newest first, each with what its reader may do; see `ExportPage`."""

    items: tuple[WatchedExportDto, ...]
    page: int
    page_size: int
    total: int


class ChoiceDto(Dto):
    """A stored value, and the label that users see."""

    value: str
    label: str


class ColumnDto(Dto):
    """A column that the actor may export, and how a view may use it; see `TicketColumn`.

    `operators` are the names that a filter on it may have; none if it cannot be filtered.
    """

    name: str
    label: str
    kind: ColumnKind
    id_type: IdType | None
    operators: tuple[Operator, ...]
    choices: tuple[ChoiceDto, ...]
    searchable: bool
    sortable: bool
    scope_role: ScopeRole | None


class FormatDto(Dto):
    """A format that a view may ask for; `options` are the names of the options that it takes."""

    name: str
    extension: str
    content_type: str
    is_packed: bool
    options: tuple[str, ...]


class LimitsDto(Dto):
    """The limits of a view, and of a user's exports. A limit of 0 exports is no limit."""

    json_bytes: int
    filters: int
    values: int
    search_characters: int
    value_characters: int
    active_exports: int
    retention_hours: float


class ChoicesDto(Dto):
    """What an actor may ask for, and what they may do with the result.

    The first format is the default; `file` has the options that a view leaves out. `may_download` says whether the
    policy would let the actor have the file of their own export, and `refusal` why not.
    """

    columns: tuple[ColumnDto, ...]
    formats: tuple[FormatDto, ...]
    file: FileOptions
    limits: LimitsDto
    may_request: bool
    may_download: bool
    refusal: str | None
