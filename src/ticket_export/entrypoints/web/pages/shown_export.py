"""An export as the pages show it: its state in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import attrs
from markupsafe import Markup, escape

from ticket_export.application.dto import ColumnDto, WatchedExportDto
from ticket_export.domain.export_job import CANCELLED
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.web.pages.language import Language, msgid
from ticket_export.entrypoints.web.pages.view_words import words_of

_STAGES: Final[Mapping[str, str]] = {
    ProgressStage.QUEUED: msgid("Waiting for its turn"),
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
    "queued": msgid("The export is waiting"),
    "running": msgid("The export is running"),
    "completed": msgid("The export is ready"),
    "failed": msgid("The export failed"),
    "cancelled": msgid("The export was cancelled"),
    "expired": msgid("The export has expired"),
}
_SHORT: Final[Mapping[str, str]] = {
    "queued": msgid("Export is waiting"),
    "running": msgid("Exporting"),
    "completed": msgid("Export ready"),
    "failed": msgid("Export failed"),
    "cancelled": msgid("Export cancelled"),
    "expired": msgid("Export expired"),
}
# A screen reader is told of each quarter, not of each percent.
_TOLD_EVERY: Final = 25


@attrs.frozen(slots=False)
class ShownExport:
    """An export for a template. `known_columns` have the labels of the columns that the user may export."""

    export: WatchedExportDto
    language: Language
    known_columns: Sequence[ColumnDto] = ()

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
    def short(self) -> str:
        """The state in the few words that fit into the button of a host's page."""
        word, percent = self.language.gettext(_SHORT[self.state]), self.export.progress_percent
        return word if self.state != "running" or percent is None else f"{word} {self.language.percent(percent)}"

    @cached_property
    def restrictions(self) -> Markup:
        """What tells the tickets from others, in words; the summary if the view is not known."""
        view = self.export.snapshot
        if view is None:
            return _isolated(self.language.message(self.export.view) or self.export.view)
        words = words_of(view, self.known_columns, self.language)
        all_tickets = escape(self.language.gettext(msgid("All tickets")))
        return escape(self.language.gettext(msgid("; "))).join(words) or all_tickets

    @cached_property
    def columns(self) -> Markup:
        """The labels of the columns; empty if the view is not known."""
        labels = {each.name: each.label for each in self.known_columns}
        names = self.export.snapshot.columns if self.export.snapshot else ()
        return escape(self.language.gettext(msgid(", "))).join(_isolated(labels.get(name, name)) for name in names)


def _isolated(text: str) -> Markup:
    """Return the text with the direction of its own script."""
    return Markup("<bdi>{}</bdi>").format(text)
