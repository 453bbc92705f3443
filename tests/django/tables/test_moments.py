"""The moments of the models are those that the library has stored, in queries too."""

import pytest

from tests.django.project import DeskProject
from tests.django.tables.project import with_settings

_BEFORE = """
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from django.db import connection
from django.db.models import F, Max
from django.db.models.functions import TruncDay
from django.utils import timezone
from tests.django.tables.programs import *
from ticket_export.entrypoints.django.models import ExportJob
migrate()
a_ticket()
export(an_admin())
job = ExportJob.objects.get()
def set_to(moment):
    # As the library stores it.
    from sqlalchemy import update
    jobs = build_tables(names()).export_jobs
    with connected_to_django("default") as other:
        other.execute(update(jobs).values(requested_at=moment, completed_at=moment + timedelta(minutes=5)))
def check(*, in_bulk=True):
    # Shortly before midnight in UTC, the next day in Warsaw; with microseconds and without.
    for moment in (datetime(2026, 3, 1, 23, 30, 5, 123456, UTC), datetime(2026, 3, 1, 23, 30, tzinfo=UTC)):
        set_to(moment)
        jobs = ExportJob.objects.all()
        found = jobs.get().requested_at
        assert found == moment and found.utcoffset() == timedelta(0), found
        in_warsaw = moment.astimezone(timezone.get_default_timezone())
        for same in (moment, in_warsaw):
            assert jobs.filter(requested_at=same).exists() and jobs.filter(requested_at__in=[same]).exists()
            assert jobs.filter(requested_at__range=(same, same)).exists()
            assert not jobs.filter(requested_at__lt=same).exists() and not jobs.filter(requested_at__gt=same).exists()
            assert jobs.filter(requested_at__gt=same - timedelta(microseconds=1)).exists()
        assert jobs.filter(requested_at__date=date(2026, 3, 2)).exists()
        assert jobs.filter(requested_at__day=2, requested_at__hour=0, requested_at__year=2026).exists()
        assert list(jobs.dates("requested_at", "day")) == [date(2026, 3, 2)]
        assert list(jobs.datetimes("requested_at", "day")) == [timezone.make_aware(datetime(2026, 3, 2))]
        assert jobs.annotate(day=TruncDay("requested_at")).get().day == timezone.make_aware(datetime(2026, 3, 2))
        assert jobs.aggregate(last=Max("requested_at"))["last"] == moment
        assert jobs.annotate(took=F("completed_at") - F("requested_at")).get().took == timedelta(minutes=5)
        assert jobs.filter(completed_at__gt=F("requested_at")).order_by("-requested_at").get() == job
        # What Django stores is what the library reads.
        jobs.update(requested_at=in_warsaw)
        assert jobs.get().requested_at == moment
        loaded = jobs.get()
        loaded.save()
        if in_bulk:
            ExportJob.objects.bulk_update([loaded], ["requested_at"])
        assert jobs.get().requested_at == moment
        with exports_container().unit_of_work() as unit:
            assert unit.jobs.find(job.id).requested_at == moment
"""


def test_a_timestamp_in_utc_is_the_moment_in_every_query(project: DeskProject) -> None:
    with_settings(project, TIME_ZONE="Europe/Warsaw").run(_BEFORE + "check()")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_column_with_a_zone_means_the_same_in_every_zone_of_the_session(project: DeskProject, zone: str) -> None:
    if project.database is None:
        pytest.skip("SQLite has no type with a zone")
    with_settings(project, TIME_ZONE="Europe/Warsaw", DESK_TIME_ZONE=zone).run(
        _BEFORE
        + """
check()
with connection.cursor() as cursor:
    change = 'ALTER TABLE "ExportJobs" ALTER "RequestedAt" TYPE timestamptz USING "RequestedAt" AT TIME ZONE '
    cursor.execute(change + "'UTC'")
# Its cast is for the type that the library's own column has.
check(in_bulk=False)
"""
    )


def test_without_zones_a_moment_is_naive_as_all_others_of_the_project(project: DeskProject) -> None:
    with_settings(project, TIME_ZONE="UTC", USE_TZ=False).run(
        _BEFORE
        + """
set_to(datetime(2026, 3, 1, 23, 30, 5, 123456, UTC))
local = datetime(2026, 3, 1, 23, 30, 5, 123456)
assert ExportJob.objects.get().requested_at == local
assert ExportJob.objects.filter(requested_at=local).exists()
assert not ExportJob.objects.filter(requested_at__lt=local).exists()
ExportJob.objects.update(requested_at=local)
assert ExportJob.objects.get().requested_at == local
"""
    )
