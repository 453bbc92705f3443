"""An export as the pages show it: its state in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from ticket_export.application.dto import WatchedExportDto
from ticket_export.domain.export_job import CANCELLED
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.web.pages.language import Language, msgid

_STAGES: Final[Mapping[str, str]] = {
    ProgressStage.QUEUED: msgid("Waiting for a free worker"),
    ProgressStage.COUNTING: msgid("Counting the tickets"),
    ProgressStage.EXPORTING: msgid("Writing the tickets"),
    ProgressStage.UPLOADING: msgid("Storing the file"),
}
_STATES: Final[Mapping[str, str]] = {
    "queued": msgid("Waiting"),
    "running": msgid("Running"),
    "completed": msgid("Ready"),
    "failed": msgid("Failed"),
    "cancelled": msgid("Cancelled"),
    "expired": msgid("Expired"),
}
_HEADINGS: Final[Mapping[str, str]] = {
    "queued": msgid("Your export is waiting"),
    "running": msgid("Your export is running"),
    "completed": msgid("Your export is ready"),
    "failed": msgid("The export failed"),
    "cancelled": msgid("The export was cancelled"),
    "expired": msgid("The export has expired"),
}
# A screen reader is told of each quarter, not of each percent.
_TOLD_EVERY: Final = 25
# See `view_summary`. The quoted value of a filter may hold any text, so the last parts are found from the end.
_SUMMARY: Final = re.compile(
    r"columns (?P<columns>[^;]*)(?:; (?P<restrictions>.*?))??"
    r"(?:; sort \S+ (?:asc|desc))?(?:; file \S+)?(?:; delimiter '[^']*')?",
    re.DOTALL,
)


@attrs.frozen
class ShownExport:
    """An export for a template; what it does not define itself is an attribute of `export`."""

    export: WatchedExportDto
    language: Language

    @property
    def state(self) -> str:
        """The status, or ``cancelled`` or ``expired``, which are ends of their own to a user."""
        export = self.export
        if export.status == ExportJobStatus.FAILED:
            return "cancelled" if export.error_message == CANCELLED else "failed"
        if export.status == ExportJobStatus.COMPLETED and not export.has_file:
            return "expired"
        return export.status

    @property
    def is_active(self) -> bool:
        """Whether the export is queued or running."""
        return self.state in {"queued", "running"}

    @property
    def can_be_saved(self) -> bool:
        """Whether there is a file, and the user may have it."""
        return self.export.has_file and self.export.may_download

    @property
    def word(self) -> str:
        """The state in a word or two, for a list."""
        return self.language.gettext(_STATES[self.state])

    @property
    def heading(self) -> str:
        """The state in a sentence, for a page."""
        return self.language.gettext(_HEADINGS[self.state])

    @property
    def stage(self) -> str:
        """What happens now."""
        stage = self.export.progress_stage or ProgressStage.QUEUED.value
        return self.language.gettext(_STAGES[stage]) if stage in _STAGES else stage

    @property
    def says(self) -> str:
        """One sentence for screen readers; it changes with the stage, and with each quarter of the work."""
        if self.state == "running":
            told = (self.export.progress_percent or 0) // _TOLD_EVERY * _TOLD_EVERY
            return f"{self.stage}, {self.language.percent(told)}"
        return f"{self.heading}."

    @property
    def restrictions(self) -> str:
        """The part of the view's summary that tells it from others: its filters, search and scope, or all of it."""
        if self._parts is None:
            return self.language.message(self.export.view) or self.export.view
        return self._parts["restrictions"] or self.language.gettext(msgid("All tickets"))

    @property
    def columns(self) -> str:
        """The names of the columns in the view's summary, or an empty text."""
        return self._parts["columns"] if self._parts else ""

    @property
    def _parts(self) -> re.Match[str] | None:
        return _SUMMARY.fullmatch(self.export.view)
