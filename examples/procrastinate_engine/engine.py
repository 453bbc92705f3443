"""Run exports by Procrastinate. Your application uses `container`, Procrastinate uses `engine`."""

import asyncio
import logging

import procrastinate as p
import psycopg

import ticket_export as te
from ticket_export import ports

log, settings = logging.getLogger(__name__), te.Settings.load()
LIMITS, QUEUE, TASK = "-c statement_timeout=1000", "ticket-exports", "take_next_export"
# Sends hints from any thread. In a worker, `engine` is bound to the worker's event loop.
hints = p.App(connector=p.SyncPsycopgConnector())


class ProcrastinateTaskQueue(ports.TaskQueue):
    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def dispatch(self, task: ports.BackgroundTask) -> None:
        task_id = str(task.id)
        try:
            with psycopg.connect(self._url, connect_timeout=2, options=LIMITS) as db:
                hint = hints.configure_task(TASK, queue=QUEUE, queueing_lock=task_id, connection=db)
                hint.defer(task_id=task_id)
        except p.exceptions.AlreadyEnqueued:
            pass  # the last hint of this task still waits
        except (psycopg.Error, p.exceptions.ProcrastinateException) as error:
            log.warning("no hint could be sent; housekeeping sends it again: %r", error)


container = te.TicketExportContainer(task_queue=ProcrastinateTaskQueue(settings.database_url))
engine = p.App(
    connector=p.PsycopgConnector(conninfo=settings.database_url),
    worker_defaults={"queues": [QUEUE], "delete_jobs": "always", "shutdown_graceful_timeout": 0},
)


@engine.task(name=TASK, queue=QUEUE)
async def take_next_export(task_id: str) -> str:
    stop = te.StopSignal()
    run = asyncio.ensure_future(asyncio.to_thread(container.run_next_export(), stop=stop))
    try:
        outcome = await asyncio.shield(run)
    except asyncio.CancelledError:
        stop.give()  # the worker stops: the export goes back to the queue
        outcome = await run
    if outcome.result == te.RunResult.LOST:
        await asyncio.sleep(5)  # something was lacking, and may be lacking still
    return outcome.result


EVERY = max(1, round(settings.housekeeping_interval.total_seconds()))


@engine.periodic(cron=f"* * * * * */{EVERY}")
@engine.task(name="housekeep", queue=QUEUE, queueing_lock="ticket-exports housekeep", priority=1)
def housekeep(timestamp: int) -> None:
    container.housekeep()()
