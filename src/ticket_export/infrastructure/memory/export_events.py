"""Export events that tests can read."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.domain.export_job import ExportJob


@attrs.define
class InMemoryExportEvents(ExportEvents):
    """`events` has the name of every event and the job as it was then, oldest first."""

    events: list[tuple[str, ExportJob]] = attrs.field(factory=list)

    def completed(self, job: ExportJob) -> None:
        self._keep("completed", job)

    def failed(self, job: ExportJob) -> None:
        self._keep("failed", job)

    def expired(self, job: ExportJob) -> None:
        self._keep("expired", job)

    def _keep(self, name: str, job: ExportJob) -> None:
        # A copy: the caller may change the job later.
        self.events.append((name, attrs.evolve(job)))
