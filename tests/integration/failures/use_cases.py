"""Everything that a host can ask the library for, as a call on a help desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

import attrs

from tests.integration.failures.scene import FailureScene
from ticket_export import Actor, TicketExportContainer


@attrs.frozen
class Desk:
    """`completed` can be downloaded, `queued` can be run."""

    container: TicketExportContainer
    actor: Actor
    completed: UUID
    queued: UUID

    @classmethod
    def of(cls, scene: FailureScene) -> Desk:
        return cls(scene.container, scene.actor, scene.completed, scene.job_id)


def request(desk: Desk) -> object:
    return desk.container.request_export()(desk.actor, {"columns": ["id"], "viewId": str(uuid4())})


#: By name; each asks the database before anything else, and all of them ask it.
USE_CASES: dict[str, Callable[[Desk], object]] = {
    "request": request,
    "run": lambda desk: desk.container.run_export()(desk.queued),
    "retry": lambda desk: desk.container.retry_export()(desk.actor, desk.completed),
    "cancel": lambda desk: desk.container.cancel_export()(desk.actor, desk.queued),
    "get": lambda desk: desk.container.get_export()(desk.actor, desk.completed),
    "list": lambda desk: desk.container.list_exports()(desk.actor),
    "download": lambda desk: desk.container.open_download()(desk.actor, desk.completed),
    "recover": lambda desk: desk.container.recover_stalled_exports()(),
    "clean up": lambda desk: desk.container.clean_up_expired_exports()(),
}
#: Those that only read: on SQLite they wait for no writer.
READING: Final = {"get", "list", "download"}
