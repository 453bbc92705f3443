"""The progress of a running export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from ticket_export.domain.progress_stage import ProgressStage


@attrs.frozen
class Progress:
    """`rows` of `total` are written; `total` is None until they are counted."""

    stage: ProgressStage
    rows: int = 0
    total: int | None = None

    @property
    def percent(self) -> int:
        """From 0 to 99: only a completed job is at 100."""
        return min(99, self.rows * 100 // self.total) if self.total else 0


#: Called after every block, by threads of the export, one at a time. It must be quick; an error that it raises ends the
#: export.
ProgressListener: TypeAlias = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """Do nothing."""
