"""The stages of an export, observed from outside through its progress and its SQL."""

from __future__ import annotations

from threading import get_ident
from time import perf_counter

from sqlalchemy import Engine, event

from ticket_export.application.run.progress import Progress
from ticket_export.domain.progress_stage import ProgressStage


class Stages:
    """The moments at which the only export of this process enters its next stage."""

    def __init__(self) -> None:
        self._reached: dict[str, float] = {}
        self._completing_thread: int | None = None

    def listen(self, engine: Engine) -> None:
        """Observe the statements of that engine."""
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "after_cursor_execute", self._after_statement)

    def progress(self, progress: Progress) -> None:
        """See `ProgressListener`."""
        match progress.stage:
            case ProgressStage.COUNTING:
                self._reach("request and claim")
            case ProgressStage.EXPORTING if progress.rows:
                self._reach("first rows")
            case ProgressStage.UPLOADING:
                self._completing_thread = get_ident()
                self._reach("other rows")

    def between(self, began: float, ended: float) -> dict[str, float]:
        """The seconds of each stage, named by its end."""
        moments = sorted({**self._reached, "commit": ended}.items(), key=lambda moment: moment[1])
        starts = [began, *(at for _, at in moments)]
        return {name: at - start for (name, at), start in zip(moments, starts, strict=False)}

    def _before_statement(self, *_about: object) -> None:
        # The first statement after the last row completes the job; the heartbeat has a thread of its own.
        if get_ident() == self._completing_thread:
            self._reach("publish")

    def _after_statement(self, _connection: object, _cursor: object, statement: str, *_about: object) -> None:
        if "request and claim" in self._reached and "count(" in statement:
            self._reach("count")

    def _reach(self, stage: str) -> None:
        self._reached.setdefault(stage, perf_counter())
