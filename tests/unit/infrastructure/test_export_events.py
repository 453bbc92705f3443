from __future__ import annotations

import pytest

from ticket_export.application.ports.export_events import ExportEvents
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.infrastructure.null_export_events import NullExportEvents
from ticket_export.testing.entities import a_job, a_user
from ticket_export.testing.memory import InMemoryExportEvents


def announce(events: ExportEvents, job: ExportJob) -> None:
    events.completed(job)
    events.failed(job)
    events.expired(job)


def test_every_event_is_kept_in_order_with_its_name_and_job() -> None:
    events, job = InMemoryExportEvents(), a_job(a_user())
    announce(events, job)
    assert events.events == [("completed", job), ("failed", job), ("expired", job)]


@pytest.mark.parametrize("name", ["completed", "failed", "expired"])
def test_a_kept_job_stays_as_it_was_announced(name: str) -> None:
    events, job = InMemoryExportEvents(), a_job(a_user(), status=ExportJobStatus.RUNNING)
    getattr(events, name)(job)
    job.status = ExportJobStatus.FAILED
    ((_, kept),) = events.events
    assert kept.status == ExportJobStatus.RUNNING


def test_a_host_hears_what_it_overrides_and_nothing_else() -> None:
    failed: list[ExportJob] = []

    class Pager(NullExportEvents):
        def failed(self, job: ExportJob) -> None:
            failed.append(job)

    job = a_job(a_user())
    announce(Pager(), job)
    assert failed == [job]


def test_events_that_nobody_listens_to_change_nothing() -> None:
    user = a_user()
    job = a_job(user)
    before = repr(job)
    announce(NullExportEvents(), job)
    assert repr(job) == before
