"""Show one export to those who watch its progress."""

from __future__ import annotations

from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import WatchedExportDto
from ticket_export.application.job_states import JobStates
from ticket_export.application.ports.clock import Clock
from ticket_export.application.rights import Rights
from ticket_export.errors import ExportNotFoundError


@attrs.frozen(kw_only=True)
class WatchExport:
    """Show an export's status and what the actor may do with it, for many readers that ask again and again.

    Rules:
        1. Users may see their own exports, with any permissions. The policy decides whether a user may see the exports
           of others. An export that the user may not see looks exactly like a missing one, and costs the same.
        2. A user who may not see every row and every column gets the exports of others without their details.
        3. The state may be a second old, as `JobStates` says. The rights are asked each time.
    """

    states: JobStates
    rights: Rights
    clock: Clock

    def __call__(self, actor: Actor, job_id: UUID) -> WatchedExportDto:
        """Return the export.

        Raises:
            ExportNotFoundError: it does not exist or may not be seen.
        """
        sight = self.rights.sight(actor)
        state = self.states.find(job_id, sight.covers)
        if state is None:
            raise ExportNotFoundError(job_id)
        shown = self.rights.shown_to(actor, state.job, state.dto)
        return self.rights.watched(actor, state.job, shown, view=state.view, now=self.clock.now())

    def changed(self, job_id: UUID) -> None:
        """Forget the state of an export that this process has changed."""
        self.states.forget(job_id)
