"""The ways in which a writer ends, and what each may leave."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from enum import Enum, auto
from random import Random
from signal import SIGKILL
from threading import Event, Thread
from time import monotonic, sleep
from typing import Final

import attrs
import pytest

from tests.endings import processes
from tests.endings.fork_server import Forked
from tests.endings.scene import Network, Scene, wait_for_uploads
from tests.endings.writing import CONTENT_TYPE, Writing
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import StorageError, StorageUnavailableError

_ERRORS = (ValueError, OSError, MemoryError, StorageError, KeyboardInterrupt, SystemExit)
_LONGEST = 60.0
# Bytes of the requests beside the data; more would rarely meet a writer.
_OVERHEAD = 8_000


class Left(Enum):
    """What a writer may leave readable."""

    WHOLE = auto()
    #: What was there before, or nothing.
    BEFORE = auto()
    #: Either of them: the answer to the last request was lost, or nobody has seen it.
    EITHER = auto()
    #: Either of them, or nothing: what was published, and then found to be unwanted or wrong, is removed.
    ANY_OR_NOTHING = auto()


@attrs.frozen
class Way:
    """`play` lets a writer end so, and returns what it may leave."""

    name: str
    play: Callable[[Scene, Writing, Random], Left]
    #: Whether it needs a network, another process, a writer that can be interrupted.
    needs: frozenset[str] = frozenset()
    #: How often it is chosen; a server takes seconds to start.
    weight: int = 4

    def __str__(self) -> str:
        return self.name

    def fits(self, scene: Scene) -> bool:
        """Whether a writer of that store can end so."""
        has = {"process"} if scene.name != "memory" else set()
        return self.needs <= (has if scene.network is None else {"process", "network"})


def _published(scene: Scene, writing: Writing, random: Random) -> Left:
    with scene.storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_all(writer)
    return Left.WHOLE


def _failed(scene: Scene, writing: Writing, random: Random) -> Left:
    error = random.choice(_ERRORS)("the block's own")
    with (
        pytest.raises(type(error)) as caught,
        scene.storage.open_writer(writing.key, CONTENT_TYPE) as writer,
    ):
        writing.write_some(writer)
        raise error
    assert caught.value is error
    return Left.BEFORE


def _abandoned(scene: Scene, writing: Writing, random: Random) -> Left:
    def export() -> Iterator[None]:
        with scene.storage.open_writer(writing.key, CONTENT_TYPE) as writer:
            writing.write_some(writer)
            yield

    running = export()
    next(running)
    cycle: list[object] = [running]
    cycle.append(cycle)
    del running, cycle
    gc.collect()
    return Left.BEFORE


def _dropped(scene: Scene, writing: Writing, random: Random) -> Left:
    opened = scene.storage.open_writer(writing.key, CONTENT_TYPE)
    writer = opened.__enter__()
    writing.write_some(writer)
    # In either order: the writer may outlive its block.
    if random.random() < 0.5:
        del opened
        gc.collect()
        del writer
    else:
        del writer, opened
    gc.collect()
    return Left.BEFORE


def _interrupted(scene: Scene, writing: Writing, random: Random) -> Left:
    with pytest.raises(StorageError), scene.storage.open_writer(writing.key, CONTENT_TYPE) as writer:
        writing.write_some(writer)
        assert isinstance(writer, SupportsInterrupt)
        writer.interrupt()
        if random.random() < 0.5:
            writing.write_all(writer)
    return Left.BEFORE


def _cannot_clean_up(scene: Scene, writing: Writing, random: Random) -> Left:
    proxy = _network(scene).proxy
    try:
        with (
            pytest.raises((ValueError, StorageError)),
            scene.brief.open_writer(writing.key, CONTENT_TYPE) as writer,
        ):
            writing.write_some(writer)
            proxy.cut()
            raise ValueError("the block's own")
        wait_for_uploads()
    finally:
        proxy.mend()
    # What is collected now could publish again.
    gc.collect()
    return Left.BEFORE


def _cut(scene: Scene, writing: Writing, random: Random) -> Left:
    proxy = _network(scene).proxy
    return _disturbed(scene, writing, random, proxy.cut)


def _cut_briefly(scene: Scene, writing: Writing, random: Random) -> Left:
    proxy = _network(scene).proxy
    return _disturbed(scene, writing, random, lambda: proxy.cut(mend_after=random.randint(1, 3)))


def _unanswered(scene: Scene, writing: Writing, random: Random) -> Left:
    return _disturbed(scene, writing, random, _network(scene).proxy.lose_answer)


def _restarted(scene: Scene, writing: Writing, random: Random) -> Left:
    network, seconds = _network(scene), random.uniform(0, 0.5)
    begun: list[Callable[[], None]] = []
    try:
        return _disturbed(scene, writing, random, lambda: begun.append(network.restart(seconds)))
    finally:
        for wait in begun:
            wait()


def _disturbed(scene: Scene, writing: Writing, random: Random, disturb: Callable[[], object]) -> Left:
    """Disturb the network at any byte, or just when the object is published."""
    proxy = _network(scene).proxy
    is_late = random.random() < 0.3
    try:
        if not is_late:
            proxy.after(random.randint(1, len(writing.data) + _OVERHEAD), disturb)
        with scene.brief.open_writer(writing.key, CONTENT_TYPE) as writer:
            writing.write_all(writer)
            if is_late:
                proxy.after(random.randint(1, _OVERHEAD), disturb)
    except StorageUnavailableError:
        # So another attempt of the export follows. No other error may come here.
        # fake-gcs-server appends a part that is sent again, publishes it with a wrong checksum, and the library removes
        # it. Google ignores the bytes that it has.
        return Left.ANY_OR_NOTHING if scene.name == "GCS" else Left.EITHER
    finally:
        proxy.mend()
    return Left.WHOLE


def _silent(scene: Scene, writing: Writing, random: Random) -> Left:
    """Nothing answers any more, until the export's patience is over and interrupts the writer."""
    proxy, is_silent, pause = _network(scene).proxy, Event(), random.uniform(0, 0.1)

    def silence() -> None:
        proxy.silence()
        is_silent.set()

    def interrupt(writer: SupportsInterrupt) -> None:
        is_silent.wait(_LONGEST)
        sleep(pause)
        writer.interrupt()

    interrupting = None
    try:
        with scene.brief.open_writer(writing.key, CONTENT_TYPE) as writer:
            assert isinstance(writer, SupportsInterrupt)
            interrupting = Thread(target=interrupt, args=(writer,), daemon=True)
            interrupting.start()
            proxy.after(random.randint(1, len(writing.data) + _OVERHEAD), silence)
            writing.write_all(writer)
    except StorageError:
        return Left.ANY_OR_NOTHING
    finally:
        is_silent.set()
        proxy.mend()
        if interrupting is not None:
            interrupting.join(_LONGEST)
    return Left.WHOLE


def _process(name: str) -> Callable[[Scene, Writing, Random], Left]:
    _, code = processes.ENDINGS[name]

    def play(scene: Scene, writing: Writing, random: Random) -> Left:
        process = _forked(scene, name, writing)
        assert process.end() == code, process.said
        return Left.BEFORE

    return play


def _killed_anywhere(scene: Scene, writing: Writing, random: Random) -> Left:
    has_forked, is_due, forked = Event(), Event(), list[Forked]()

    def kill() -> None:
        has_forked.wait(_LONGEST)
        forked[0].signal(SIGKILL)
        is_due.set()

    proxy = scene.network.proxy if scene.network else None
    if proxy:
        proxy.after(random.randint(1, len(writing.data) + _OVERHEAD), kill)
    try:
        process = _forked(scene, "process is killed, at any byte", writing)
        forked.append(process)
        has_forked.set()
        if proxy is None:
            sleep(random.uniform(0, 0.1))
        else:
            deadline = monotonic() + _LONGEST
            while not is_due.wait(0.01) and processes.WRITTEN not in process.said:
                assert monotonic() < deadline, process.said
        kill()
        process.end()
    finally:
        if proxy:
            proxy.mend()
    return Left.EITHER


def _forked(scene: Scene, name: str, writing: Writing) -> Forked:
    environment = {**os.environ, **scene.variables}
    return scene.fork_server.fork("tests.endings.processes:write", name, writing.seed, environment=environment)


def _network(scene: Scene) -> Network:
    assert scene.network is not None
    return scene.network


_NETWORK, _PROCESS = frozenset({"network"}), frozenset({"process"})
_BY_PROCESSES = [
    Way(name, _process(name), _PROCESS, weight=2)
    for name in processes.ENDINGS
    if name != "process is killed, at any byte"
]
WAYS: Final = (
    Way("published", _published),
    Way("error in the block", _failed),
    Way("abandoned generator, collected", _abandoned),
    Way("dropped, collected", _dropped),
    Way("interrupted", _interrupted, _NETWORK),
    Way("store away while cleaning up", _cannot_clean_up, _NETWORK),
    Way("store cut, until it gives up", _cut, _NETWORK, weight=2),
    Way("store cut for a moment", _cut_briefly, _NETWORK, weight=6),
    Way("answer lost", _unanswered, _NETWORK, weight=6),
    Way("store silent, then interrupted", _silent, _NETWORK),
    Way("store restarted", _restarted, _NETWORK, weight=2),
    *_BY_PROCESSES,
    Way("process is killed, at any byte", _killed_anywhere, _PROCESS, weight=4),
)
