"""Whatever ends a writer, its object is whole or it is not there: over every storage that ships.

``TICKET_EXPORT_TEST_ENDINGS=1000`` is the long form (`make endings`), ``TICKET_EXPORT_TEST_ENDINGS_SEED`` repeats
what a run printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic

import pytest

from tests.endings.conftest import ENDINGS
from tests.endings.fork_server import ForkServer
from tests.endings.near_places import MemoryPlace
from tests.endings.scene import Scene, wait_for_uploads
from tests.endings.tally import Found, Tally
from tests.endings.ways import WAYS, Left, Way
from tests.endings.writing import Writing
from ticket_export.errors import ObjectNotFoundError, StorageUnavailableError
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.storage import ObjectWriter, SupportsDiscardStale

#: The rest of them end in exports.
_WRITERS = ENDINGS - ENDINGS // 5
_LONG = timedelta(hours=6)
# A connection of SFTP that was cut a moment ago is noticed when it is used; there is one for each storage and process.
_READS = 3


def test_no_ending_of_a_writer_leaves_half_an_object(
    scenes: dict[str, Scene], seed: str, show: Callable[[str], None]
) -> None:
    began_at, tally = monotonic(), Tally()
    show(f"\n{_WRITERS} writers end with TICKET_EXPORT_TEST_ENDINGS_SEED={seed}, on {', '.join(scenes)}")
    written: dict[str, list[Writing]] = {name: [] for name in scenes}
    try:
        for number, (name, way) in enumerate(_plan(scenes, Random(seed))):
            writing = Writing.of(f"{seed}-{number}")
            _end(scenes[name], way, writing, tally)
            written[name].append(writing)
        for name, each in scenes.items():
            _require_nothing_else(each, written[name])
    finally:
        show(tally.table([way.name for way in WAYS], list(scenes)))
        show(f"  {monotonic() - began_at:.0f} s")


class Hasty(InMemoryStorage):
    """Publishes what is written, at once."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        storage = self

        class Writer:
            def write(self, data: bytes, /) -> None:
                storage.objects[key] = storage.objects.get(key, b"") + data

        yield Writer()


@pytest.mark.parametrize("way", [way for way in WAYS if not way.needs and way.name != "published"], ids=str)
def test_half_object_is_noticed(way: Way, fork_server: ForkServer) -> None:
    hasty = Hasty()
    faulty = Scene("memory", MemoryPlace(hasty), hasty, hasty, None, fork_server)
    writing = Writing("", "exports/a/b/1/tickets.csv", None, [b"half", b"whole"], stops_after=1)
    with pytest.raises(AssertionError, match="half files, of 9 bytes"):
        _end(faulty, way, writing, Tally())


def _plan(scenes: dict[str, Scene], random: Random) -> list[tuple[str, Way]]:
    """Every way that a store has, as often as it can, and the rest by chance."""
    pairs = [(name, way) for name, each in scenes.items() for way in WAYS if way.fits(each)]
    chosen = random.sample(pairs, min(len(pairs), _WRITERS))
    chosen += random.choices(pairs, [way.weight for _, way in pairs], k=_WRITERS - len(chosen))
    random.shuffle(chosen)
    return chosen


def _end(scene: Scene, way: Way, writing: Writing, tally: Tally) -> None:
    if writing.before is not None:
        scene.place.put(writing.key, writing.before)
    left = way.play(scene, writing, Random(f"how {writing.seed}"))
    wait_for_uploads()
    found = _found(scene.place.get(writing.key), writing)
    tally.ends[way.name, scene.name] += 1
    tally.found[scene.name, found] += 1
    tally.unseen[scene.name] += left is not Left.WHOLE and found is Found.WHOLE
    expected = {
        Left.WHOLE: {Found.WHOLE},
        Left.BEFORE: {Found.BEFORE},
        Left.EITHER: {Found.WHOLE, Found.BEFORE},
        Left.ANY_OR_NOTHING: {Found.WHOLE, Found.BEFORE, Found.GONE},
    }[left]
    assert found in expected, f"{scene.name}: {way.name}: {found}, of {len(writing.data)} bytes ({writing.seed})"
    # The library sees the same, or a request that the server has finished since.
    is_late = left not in {Left.WHOLE, Left.BEFORE} and found is not Found.WHOLE
    may_be_read = {found, Found.WHOLE} if is_late else {found}
    assert _found(_read(scene, writing.key), writing) in may_be_read, f"{scene.name}: {way.name} ({writing.seed})"


def _read(scene: Scene, key: str) -> bytes | None:
    for _ in range(_READS - 1):
        with suppress(StorageUnavailableError):
            return _read_once(scene, key)
    return _read_once(scene, key)


def _read_once(scene: Scene, key: str) -> bytes | None:
    try:
        with scene.storage.open_reader(key) as stream:
            return stream.read()
    except ObjectNotFoundError:
        return None


def _found(data: bytes | None, writing: Writing) -> Found:
    if data == writing.data:
        return Found.WHOLE
    return Found.BEFORE if data == writing.before else Found.GONE if data is None else Found.HALF


def _require_nothing_else(scene: Scene, written: list[Writing]) -> None:
    """A request of a killed process may have arrived since; and what it has begun is stale, and can be removed."""
    readable = {each.key for each in written if scene.place.get(each.key) is not None}
    for each in written:
        assert _found(scene.place.get(each.key), each) is not Found.HALF, f"{scene.name}: late ({each.seed})"
    assert {*scene.storage.list("")} == readable
    if isinstance(scene.storage, SupportsDiscardStale):
        scene.storage.discard_stale(datetime.now(UTC) + _LONG)
        assert scene.storage.discard_stale(datetime.now(UTC) + _LONG) == 0
        assert len(scene.place.names()) == len(readable)
    else:
        # Nobody can read the others: the blocks of Azure that were never committed, which it removes after a week.
        assert {*scene.place.names()} - readable <= {each.key for each in written} - readable
