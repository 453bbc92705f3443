"""A host's Celery application as the task queue: each hint is a message to its workers."""

from __future__ import annotations

import atexit
import logging
from contextlib import suppress
from math import inf
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import uuid4

import attrs

from ticket_export.application.ports.task_queue import TaskQueue
from ticket_export.application.run.export_task import job_id_of
from ticket_export.domain.background_task import BackgroundTask
from ticket_export.errors import ConfigurationError, MissingExtraError
from ticket_export.infrastructure.fork import renew_in_children

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Producer

_log = logging.getLogger(__name__)

#: The queue of all messages of this library.
QUEUE_NAME: Final = "ticket-exports"
#: The task that runs the next export.
RUN_NEXT_EXPORT: Final = "ticket_export.run_next_export"
# Seconds after which a message is discarded unread. The housekeeping sends another one for an export that still waits.
_EXPIRES: Final = 3600
# Seconds: for the broker to accept a connection, and to answer.
_LIMIT: Final = 2.0
# Seconds that the caller waits for its message to be sent, so that a program may end right after its request.
_PATIENCE: Final = 0.05
# Seconds after a failure in which nothing is sent.
_PAUSE: Final = 5.0
# Seconds after which an idle connection is closed, earlier than brokers and firewalls do.
_IDLE: Final = 30.0
# Hints that wait to be sent; more of them would tell the workers nothing new.
_MOST: Final = 100
# Every transport has its own names for the limits. `confirm_publish` lets RabbitMQ answer, so that a lost connection is
# noticed.
_LIMITS: Final[dict[str, dict[str, Any]]] = {
    "redis": {"socket_connect_timeout": _LIMIT, "socket_timeout": _LIMIT, "retry_on_timeout": False},
    "amqp": {"read_timeout": _LIMIT, "write_timeout": _LIMIT, "confirm_publish": True},
}


def without_install() -> NoReturn:
    """Refuse ``TICKET_EXPORT_TASK_QUEUE=celery`` in a process without a Celery application.

    Raises:
        ConfigurationError: always; the message says what to call or to install.
    """
    try:
        import celery  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("celery", "TICKET_EXPORT_TASK_QUEUE=celery") from error
    raise ConfigurationError(
        "TICKET_EXPORT_TASK_QUEUE=celery needs your Celery application: call ticket_export.celery.install(app, "
        "container) where you make the container, and name this container to commands with --app"
    )


def declared_queue(app: Celery) -> Any:
    """Return the `kombu.Queue` of the messages; the application knows it from now on, if it did not before."""
    from kombu import Exchange
    from kombu import Queue as BrokerQueue

    queues = app.amqp.queues
    if QUEUE_NAME not in queues:
        # Not as the application makes missing queues: it may make none, or of a kind that workers read otherwise.
        queues.add(BrokerQueue(QUEUE_NAME, Exchange(QUEUE_NAME, type="direct"), routing_key=QUEUE_NAME))
    return queues[QUEUE_NAME]


class CeleryTaskQueue(TaskQueue):
    """Sends the hints in a thread, over a connection of its own with short time limits.

    The caller waits for at most 50 ms, whether the broker answers or not. While the broker is away, hints are dropped:
    the housekeeping dispatches the waiting tasks again. Options and connections of the application stay as they are.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._senders = [_Sender(app)]
        renew_in_children(self._begin_anew)
        atexit.register(self._flush)

    def _begin_anew(self) -> None:
        # A process that was just forked has no such thread, and needs a connection and locks of its own. The parent's
        # connection is kept: the end of its object would end the connection of the parent.
        self._senders.append(_Sender(self._app))

    def dispatch(self, task: BackgroundTask) -> None:
        """Tell the Celery workers to take the next export."""
        self._senders[-1].send(str(job_id_of(task)))

    def _flush(self) -> None:
        self._senders[-1].flush()


@attrs.define(eq=False)
class _Sender:
    """The thread with the connection; it starts with the first hint, and ends when there are none for a while."""

    _app: Celery
    _hints: Queue[_Hint] = attrs.field(factory=lambda: Queue(_MOST), init=False)
    _lock: Lock = attrs.field(factory=Lock, init=False)
    _is_started: bool = attrs.field(default=False, init=False)
    _latest: _Hint | None = attrs.field(default=None, init=False)
    _producer: Producer | None = attrs.field(default=None, init=False)
    _away_until: float = attrs.field(default=-inf, init=False)

    def send(self, job_id: str) -> None:
        if monotonic() < self._away_until:
            return
        hint = _Hint(job_id)
        with self._lock:
            try:
                self._hints.put_nowait(hint)
                self._latest = hint
                if not self._is_started:
                    Thread(target=self._run, name="ticket-export hints", daemon=True).start()
                    self._is_started = True
            except (Full, RuntimeError) as error:
                _log.info("a hint for the Celery workers is dropped: %s", repr(error))
                return
        hint.is_settled.wait(_PATIENCE)

    def flush(self) -> None:
        """Wait for the hints that are on their way, for as long as the broker may take for one."""
        if self._latest is not None:
            self._latest.is_settled.wait(_LIMIT)

    def _run(self) -> None:
        while True:
            try:
                hint = self._hints.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._hints.empty():
                        self._disconnect()
                        self._is_started = False
                        return
                continue
            try:
                self._publish(hint.job_id)
            except Exception as error:  # noqa: BLE001 - of any broker, and of the host's configuration of it
                self._give_up(error)
            else:
                if self._away_until > -inf:
                    self._away_until = -inf
                    _log.info("the broker of the Celery workers can be reached again")
            hint.is_settled.set()

    def _publish(self, job_id: str) -> None:
        was_open = self._producer is not None
        try:
            self._publish_once(job_id)
        except Exception:
            self._disconnect()
            if not was_open:
                raise
            # The broker, or a firewall, may have closed the connection while it was idle.
            self._publish_once(job_id)

    def _publish_once(self, job_id: str) -> None:
        app = self._app
        if self._producer is None:
            self._producer = _producer(app)
        message = app.amqp.as_task_v2(
            str(uuid4()), RUN_NEXT_EXPORT, args=[job_id], expires=_EXPIRES, ignore_result=True, argsrepr=job_id
        )
        # To the queue itself, past the routes of the application.
        self._producer.publish(
            message.body,
            exchange="",
            routing_key=QUEUE_NAME,
            declare=[declared_queue(app)],
            serializer=_serializer(app),
            headers=message.headers,
            expiration=_EXPIRES,
            delivery_mode="persistent",
            retry=False,
            **message.properties,
        )

    def _give_up(self, error: Exception) -> None:
        if self._away_until == -inf:
            _log.warning(
                "cannot send hints to the Celery workers: %s: %s; the exports wait in the database, and the "
                "housekeeping sends the hints again",
                *(type(error).__name__, error),
            )
        self._away_until = monotonic() + _PAUSE
        with suppress(Empty):
            while True:
                self._hints.get_nowait().is_settled.set()

    def _disconnect(self) -> None:
        if self._producer is not None:
            # Without a word to the broker, which may not answer.
            with suppress(Exception):
                self._producer.connection.collect(_LIMIT)
            self._producer = None


@attrs.frozen(eq=False)
class _Hint:
    job_id: str
    #: Sent or dropped.
    is_settled: Event = attrs.field(factory=Event)


def _producer(app: Celery) -> Producer:
    from kombu import Producer

    connection = app.connection_for_write(connect_timeout=_LIMIT)
    # A dictionary of this connection alone.
    connection.transport_options.update(_LIMITS.get(connection.transport.driver_type, {}))
    other_brokers = max(0, len(connection.alt or ()) - 1)
    connection.ensure_connection(max_retries=other_brokers, interval_start=0, interval_step=0, interval_max=0)
    return Producer(connection.channel(), auto_declare=False)


def _serializer(app: Celery) -> str:
    from kombu.serialization import prepare_accept_content

    is_json = "application/json" in prepare_accept_content(app.conf.accept_content)
    return "json" if is_json else str(app.conf.task_serializer)
