"""A packed export is as whole, or as absent, as any other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.application.use_cases.help_desk import VIEW, HelpDesk, raising
from ticket_export.application.ports.compression import Compressor
from ticket_export.errors import StorageError, TicketSourceError, WorkerShortageError
from ticket_export.infrastructure.compression import GzipCompression, ZstdCompression
from ticket_export.infrastructure.memory.ticket_source import BLOCK_ROWS


class Breaking(GzipCompression):
    """Packs nothing after the header, or cannot end."""

    def __init__(self, *, breaks_at_end: bool) -> None:
        self.breaks_at_end = breaks_at_end
        self.calls = 0

    def start(self) -> Compressor:
        return self

    def compress(self, data: bytes, /) -> bytes:
        self.calls += 1
        if self.calls > 1 and not self.breaks_at_end:
            raise MemoryError
        return data

    def flush(self) -> bytes:
        raise MemoryError


@pytest.fixture(params=[GzipCompression, ZstdCompression])
def packing(desk: HelpDesk, request: pytest.FixtureRequest) -> HelpDesk:
    start: Callable[[], GzipCompression] = request.param
    desk.compression = start()
    desk.fill(BLOCK_ROWS + 1)
    return desk


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("source.block", TicketSourceError("the tickets could not be read")),
        ("source.close", TicketSourceError("the tickets could not be read")),
        ("storage.publish", StorageError("the file could not be written")),
        ("manifest.publish", StorageError("the file could not be written")),
        ("work.completed", RuntimeError("no")),
    ],
)
def test_packed_export_that_fails_leaves_nothing(packing: HelpDesk, place: str, error: Exception) -> None:
    job_id = packing.request_export(packing.user(), VIEW).id
    packing.happen[place] = raising(error)
    assert packing.run_export(job_id).status == "failed"
    assert packing.stored == {}


@pytest.mark.parametrize("breaks_at_end", [False, True])
def test_export_that_cannot_be_packed_leaves_nothing(desk: HelpDesk, breaks_at_end: bool) -> None:
    desk.compression = Breaking(breaks_at_end=breaks_at_end)
    desk.fill(BLOCK_ROWS + 1)
    job_id = desk.request_export(desk.user(), VIEW).id
    with pytest.raises(WorkerShortageError, match="run out of memory"):
        desk.run_export(job_id)
    assert desk.stored == {}


def test_cancelled_packed_export_leaves_nothing(packing: HelpDesk) -> None:
    actor = packing.user()
    job_id = packing.request_export(actor, VIEW).id
    packing.happen["source.close"] = lambda: packing.cancel_export(actor, job_id)
    with pytest.raises(Exception, match="cancelled"):
        packing.run_export(job_id)
    assert packing.stored == {}
