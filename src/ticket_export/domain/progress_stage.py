"""The stages of a running export."""

from __future__ import annotations

from enum import StrEnum


class ProgressStage(StrEnum):
    """The stages in the order in which an export goes through them; stored as their value."""

    #: Waiting for a worker.
    QUEUED = "Queued"
    #: Counting the rows of the view's snapshot.
    COUNTING = "Counting"
    #: Reading rows and writing them to the storage.
    EXPORTING = "Exporting"
    #: Making the whole file readable.
    UPLOADING = "Uploading"
