"""The ways in which the writers of an export end, and what becomes of the export then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from threading import Event, Timer
from time import sleep
from typing import Final
from uuid import UUID

import attrs
import pytest

from tests.chaos.workers import wait_until
from tests.cut_proxy import CutProxy
from tests.endings.desk import Desk
from tests.endings.fork_server import Forked
from tests.endings.scene import BRIEF, Scene, wait_for_uploads
from tests.stores.served_store import PATIENCE
from ticket_export.application.run.progress import Progress
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import LeaseLostError
from ticket_export.testing.entities import AN_ACTOR

_COMPLETED, _FAILED = ExportJobStatus.COMPLETED, ExportJobStatus.FAILED
_LONGEST = 60.0
# Up to as many bytes as an export sends, and those of a worker that starts; more would rarely meet one.
_BYTES = 600_000
# Seconds that a store is away or silent: longer than the patience.
_AWAY = 1.5


@attrs.frozen
class ExportWay:
    """`play` makes the export of that job end so, once at least."""

    name: str
    play: Callable[[Desk, UUID, Random], None]
    needs: frozenset[str] = frozenset()
    becomes: frozenset[ExportJobStatus] = frozenset({_COMPLETED})

    def fits(self, scene: Scene) -> bool:
        """Whether an export to that store can end so."""
        has = {"process"} if scene.name != "memory" else set[str]()
        return self.needs <= (has if scene.network is None else {"process", "network"})


def _undisturbed(desk: Desk, job_id: UUID, random: Random) -> None:
    process = desk.worker(PATIENCE)
    assert process.end() == 0, process.said


def _made_here(desk: Desk, job_id: UUID, random: Random) -> None:
    desk.arena.container.run_export()(job_id)


def _signalled(signal: Signals) -> Callable[[Desk, UUID, Random], None]:
    def play(desk: Desk, job_id: UUID, random: Random) -> None:
        _worker(desk, random, lambda worker: worker.signal(signal))

    return play


def _cut(desk: Desk, job_id: UUID, random: Random) -> None:
    _worker(desk, random, lambda worker: _for_a_while(desk, _proxy(desk).cut))


def _cut_briefly(desk: Desk, job_id: UUID, random: Random) -> None:
    _worker(desk, random, lambda worker: _proxy(desk).cut(mend_after=random.randint(1, 3)))


def _silent(desk: Desk, job_id: UUID, random: Random) -> None:
    _worker(desk, random, lambda worker: _for_a_while(desk, _proxy(desk).silence))


def _unanswered(desk: Desk, job_id: UUID, random: Random) -> None:
    _worker(desk, random, lambda worker: _proxy(desk).lose_answer())


def _restarted(desk: Desk, job_id: UUID, random: Random) -> None:
    network, begun, seconds = desk.scene.network, list[Callable[[], None]](), random.uniform(0, 0.5)
    assert network is not None
    try:
        _worker(desk, random, lambda worker: begun.append(network.restart(seconds)))
    finally:
        for wait in begun:
            wait()


def _broken_listener(desk: Desk, job_id: UUID, random: Random) -> None:
    _with_listener(desk, job_id, random, ValueError("the listener's own"))


def _interrupted_call(desk: Desk, job_id: UUID, random: Random) -> None:
    with pytest.raises(KeyboardInterrupt):
        _with_listener(desk, job_id, random, KeyboardInterrupt())


def _cancelled(desk: Desk, job_id: UUID, random: Random) -> None:
    calls, last = list[Progress](), random.randint(1, 4)

    def listen(progress: Progress) -> None:
        calls.append(progress)
        if len(calls) == last:
            desk.arena.container.cancel_export()(AN_ACTOR, job_id)

    with suppress(LeaseLostError):
        desk.arena.container.run_export()(job_id, on_progress=listen)


def _with_listener(desk: Desk, job_id: UUID, random: Random, error: BaseException) -> None:
    calls, last = list[Progress](), random.randint(1, 4)

    def listen(progress: Progress) -> None:
        calls.append(progress)
        if len(calls) == last:
            raise error

    desk.arena.container.run_export()(job_id, on_progress=listen)


def _worker(desk: Desk, random: Random, disturb: Callable[[Forked], object]) -> None:
    """Let a worker drain the queue, and disturb it at any byte that it sends; or at any time, without a network."""
    has_begun, workers = Event(), list[Forked]()

    def act() -> None:
        has_begun.wait(_LONGEST)
        disturb(workers[0])

    network = desk.scene.network
    if network is not None:
        network.proxy.after(random.randint(1, _BYTES), act)
    worker = desk.worker(BRIEF)
    workers.append(worker)
    has_begun.set()
    try:
        if network is None:
            wait_until(lambda: bool(desk.arena.holders()) or not desk.arena.unfinished(), "the export has begun")
            sleep(random.uniform(0, 0.3))
            act()
        worker.end()
    finally:
        if network is not None:
            network.proxy.mend()
    wait_for_uploads()


def _for_a_while(desk: Desk, disturb: Callable[[], object]) -> None:
    disturb()
    mending = Timer(_AWAY, _proxy(desk).mend)
    mending.daemon = True
    mending.start()


def _proxy(desk: Desk) -> CutProxy:
    assert desk.scene.network is not None
    return desk.scene.network.proxy


_NETWORK, _PROCESS = frozenset({"network"}), frozenset({"process"})
EXPORT_WAYS: Final = (
    ExportWay("made here", _made_here),
    ExportWay("made by a worker", _undisturbed, _PROCESS),
    ExportWay("worker is killed, at any byte", _signalled(SIGKILL), _PROCESS),
    ExportWay("worker is terminated, at any byte", _signalled(SIGTERM), _PROCESS),
    ExportWay("worker gets Ctrl-C, at any byte", _signalled(SIGINT), _PROCESS),
    ExportWay("store cut, until it gives up", _cut, _NETWORK),
    ExportWay("store cut for a moment", _cut_briefly, _NETWORK),
    ExportWay("store silent, until it gives up", _silent, _NETWORK),
    ExportWay("answer lost", _unanswered, _NETWORK),
    ExportWay("store restarted", _restarted, _NETWORK),
    ExportWay("error of a listener", _broken_listener, becomes=frozenset({_FAILED, _COMPLETED})),
    ExportWay("Ctrl-C of a caller", _interrupted_call, becomes=frozenset({_FAILED})),
    ExportWay("cancelled", _cancelled, becomes=frozenset({_FAILED})),
)
