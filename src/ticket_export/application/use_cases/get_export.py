"""Show one export."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.supports_reading import for_reading
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.requester_names import RequesterNames
from ticket_export.application.rights import Rights, find_visible_export


@attrs.frozen(kw_only=True)
class GetExport:
    """Show an export's status.

    Rules:
        1. Users may see their own exports, with any permissions.
        2. The policy decides whether a user may see the exports of others. An export that the user may not see looks
           exactly like a missing one.
        3. A user who may not see every row and every column gets the exports of others without their details.
    """

    unit_of_work: Callable[[], UnitOfWork]
    rights: Rights
    names: RequesterNames | None = None

    def __call__(self, actor: Actor, job_id: UUID) -> ExportJobDto:
        """Return the export as it is now.

        Raises:
            ExportNotFoundError: it does not exist or may not be seen.
        """
        sight = self.rights.sight(actor)
        with for_reading(self.unit_of_work()) as work:
            job = find_visible_export(work, sight, job_id)
        shown = self.rights.shown(actor, [job])
        return (self.names.added_to(shown) if self.names else shown)[0]
