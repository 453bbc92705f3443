from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from tests.unit.application.use_cases.blocked_export import block_count
from ticket_export import StopSignal
from ticket_export.errors import LeaseLostError

if TYPE_CHECKING:
    from tests.unit.application.use_cases.help_desk import HelpDesk
    from ticket_export.application.progress import Progress


def test_exports_are_run_in_the_order_of_their_requests(desk: HelpDesk) -> None:
    asked = []
    for _ in range(3):
        asked.append(desk.requested().id)
        desk.clock.advance(timedelta(seconds=1))
    run = [desk.run_next_export() for _ in range(4)]
    assert [job and (job.id, job.status) for job in run] == [*((job_id, "completed") for job_id in asked), None]


def test_listener_hears_of_the_progress(desk: HelpDesk) -> None:
    desk.requested()
    heard: list[Progress] = []
    desk.run_next_export(on_progress=heard.append)
    assert [each.stage for each in heard] == ["Counting", "Uploading"]


def test_signal_to_stop_reaches_the_export(desk: HelpDesk) -> None:
    job_id, stop = desk.requested().id, StopSignal()
    block_count(desk, meanwhile=stop.give)
    with pytest.raises(LeaseLostError):
        desk.run_next_export(stop=stop)
    assert desk.job(job_id).status.developer_name == "queued"


def test_many_workers_at_once_run_each_export_once(desk: HelpDesk) -> None:
    asked = {desk.requested().id for _ in range(24)}
    together = Barrier(4, timeout=30)

    def work(_number: int) -> list[object]:
        together.wait()
        return [job.id for job in iter(desk.run_next_export, None)]

    with ThreadPoolExecutor(4) as workers:
        run = [job_id for jobs in workers.map(work, range(4)) for job_id in jobs]
    assert len(run) == len(asked)
    assert set(run) == asked
    assert all(desk.audited(job_id) == ["requested", "started", "completed"] for job_id in asked)
    assert len(desk.storage.objects) == len(asked)
