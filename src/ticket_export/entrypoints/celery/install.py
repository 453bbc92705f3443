"""The installation of exports in a host's Celery application."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from dependency_injector.providers import Factory, Selector, ThreadSafeSingleton

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.celery.tasks import HOUSEKEEP, OPTIONS, Tasks
from ticket_export.entrypoints.celery.worker_stop import SharedStopSignal
from ticket_export.errors import MissingExtraError
from ticket_export.infrastructure.tasks.celery_task_queue import (
    QUEUE_NAME,
    RUN_NEXT_EXPORT,
    CeleryTaskQueue,
    declared_queue,
)
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue

try:
    from celery import Celery, signals
except ModuleNotFoundError as error:
    raise MissingExtraError("celery", "ticket_export.celery") from error

# Where an application keeps what was installed in it.
_INSTALLED: Final = "ticket_export"
# Seconds after which a tick of the schedule is discarded unread. Longer than its interval, because the clocks of two
# machines differ; short enough that ticks do not pile up while no worker runs.
_TICK_EXPIRES: Final = 60


def install(app: Celery, container: TicketExportContainer) -> None:
    """Let the workers of the Celery application `app` run the exports of `container`.

    Call it once where you make the container, in a module that web processes, workers and beat import. It adds two
    tasks, the queue ``ticket-exports`` and an entry of the beat schedule; your own options, routes, queues and entries
    stay as they are. From then on the container's hints go through the application, unless
    ``TICKET_EXPORT_TASK_QUEUE=inline`` runs exports in the request.

    It opens no connection and reads no setting, of the container or of the application. A second call with the same
    two has no effect; a call with another container replaces the first one.

    Raises:
        MissingExtraError: Celery is not installed; raised by the import of this module.
    """
    app = getattr(app, "_get_current_object", lambda: app)()  # `celery.current_app` is a proxy
    installed: Tasks | None = getattr(app, _INSTALLED, None)
    if installed is None:
        installed = Tasks(container, SharedStopSignal())
        setattr(app, _INSTALLED, installed)
        app.task(name=RUN_NEXT_EXPORT, **OPTIONS)(_function(installed.run_next_export))
        app.task(name=HOUSEKEEP, **OPTIONS)(_function(installed.housekeep))
        if app.finalized:
            _add_to_schedule(app)
        else:
            # Late, so that a host may set its own schedule after this call.
            app.on_after_finalize.connect(_add_to_schedule)
    elif installed.container is container:
        return
    installed.container = container
    queue = ThreadSafeSingleton(CeleryTaskQueue, app)
    inline = Factory(InlineTaskQueue, container.run_export)
    container.task_queue.override(
        Selector(container.settings.provided.task_queue, database=queue, celery=queue, inline=inline)
    )


def _function(method: Any) -> Any:
    """Return a function that calls the method: Celery names and documents a task by its function."""

    def task(*args: Any) -> Any:
        return method(*args)

    task.__name__, task.__qualname__, task.__doc__ = method.__name__, method.__qualname__, method.__doc__
    return task


def _add_to_schedule(sender: Celery, **_: object) -> None:
    installed: Tasks = getattr(sender, _INSTALLED)
    sender.add_periodic_task(
        installed.container.settings().housekeeping_interval.total_seconds(),
        sender.signature(HOUSEKEEP),
        name=HOUSEKEEP,
        queue=QUEUE_NAME,
        exchange="",
        routing_key=QUEUE_NAME,
        expires=_TICK_EXPIRES,
        ignore_result=True,
    )


def _begin_worker(instance: Any = None, **_: object) -> None:
    app = instance.app
    installed: Tasks | None = getattr(app, _INSTALLED, None)
    if installed is not None:
        # This worker's own, also if one process has several workers, or forks them.
        installed.stop, installed.worker_pid = SharedStopSignal(), os.getpid()
        # A worker that is not told its queues by -Q runs exports too.
        app.amqp.queues.select_add(declared_queue(app))
        signals.worker_shutting_down.connect(_giving(installed.stop), weak=False)


def _begin_beat(sender: Any = None, **_: object) -> None:
    if hasattr(sender.app, _INSTALLED):
        declared_queue(sender.app)


def _giving(stop: SharedStopSignal) -> Callable[..., None]:
    def give(**_: object) -> None:
        stop.give()

    return give


signals.celeryd_init.connect(_begin_worker)
signals.beat_init.connect(_begin_beat)
