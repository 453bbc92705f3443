"""Show one export."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.export_policy import ExportPolicy, find_visible_export
from ticket_export.application.ports.unit_of_work import UnitOfWork


@attrs.frozen(kw_only=True)
class GetExport:
    """Show an export's status.

    Rules:
        1. Users may see their own exports, with any permissions.
        2. The policy decides whether a user may see the exports of others. An export that the user may not see looks
           exactly like a missing one.
    """

    unit_of_work: Callable[[], UnitOfWork]
    policy: ExportPolicy

    def __call__(self, actor: Actor, job_id: UUID) -> ExportJobDto:
        """Return the export as it is now.

        Raises:
            ExportNotFoundError: it does not exist or may not be seen.
        """
        with self.unit_of_work() as work:
            return ExportJobDto.of(find_visible_export(work, self.policy, actor, job_id))
