"""What each kind of TestCase claims: exactly one of all after a commit, nothing at all after a rollback."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import Group, User
from django.db import transaction

from tests.django.desk.models import Ticket
from tests.django.suites.urls import HostError
from ticket_export.django import exports_container
from ticket_export.entrypoints.django.models import BackgroundTask, ExportJob
from ticket_export.testing.django import ExportsInTests, exports_in_tests

VIEW = {"columns": ["title", "state"], "sortField": "title"}

if TYPE_CHECKING:
    from django.test import SimpleTestCase as _Case
else:
    _Case = object


def make_desk() -> User:
    """Store a superuser and two tickets, and return the superuser."""
    team = Group.objects.create(name="network")
    Ticket.objects.create(title="Wi-Fi", team=team)
    Ticket.objects.create(title="Printer", team=team, state="done")
    return User.objects.create_superuser("ada")


def stored(exports: ExportsInTests) -> tuple[int, int, int]:
    """Return how many jobs and tasks are stored, and how many hints were sent."""
    return ExportJob.objects.count(), BackgroundTask.objects.count(), len(exports.hints)


class ExportClaims(_Case):
    """The claims, to be inherited next to a kind of TestCase."""

    exports: ExportsInTests

    def committing(self) -> AbstractContextManager[object]:
        """A block in which commits call what waits for them, as they do outside of tests."""
        raise NotImplementedError

    def setUp(self) -> None:
        super().setUp()
        self.exports = self.enterContext(exports_in_tests())
        self.ada = make_desk()
        self.client.force_login(self.ada)
        self.client.raise_request_exception = True

    def post(self, path: str = "/exports/", **view: Any) -> Any:
        with self.committing():
            return self.client.post(path, view or VIEW, content_type="application/json")

    def test_a_commit_leaves_one_job_one_task_and_one_hint(self) -> None:
        answer = self.post()
        self.assertEqual(answer.status_code, 202, answer.content)
        self.assertEqual(stored(self.exports), (1, 1, 1))
        self.assertEqual(list(self.exports.hints), [UUID(answer.json()["id"])])

    def test_a_view_that_ends_well_leaves_one_of_each(self) -> None:
        self.assertEqual(self.post("/requested/well/").status_code, 200)
        self.assertEqual(stored(self.exports), (1, 1, 1))

    def test_an_error_after_the_request_leaves_nothing(self) -> None:
        with self.assertRaises(HostError):
            self.post("/requested/error/")
        self.assertEqual(stored(self.exports), (0, 0, 0))

    def test_set_rollback_after_the_request_leaves_nothing(self) -> None:
        self.assertEqual(self.post("/requested/set_rollback/").status_code, 200)
        self.assertEqual(stored(self.exports), (0, 0, 0))

    def test_an_inner_block_that_is_rolled_back_leaves_the_other_export(self) -> None:
        container = exports_container()
        actor = container.user_directory().find(self.ada.pk)
        assert actor
        with self.committing(), transaction.atomic():
            kept = container.request_export()(actor, VIEW)
            with self.assertRaises(HostError), transaction.atomic():
                container.request_export()(actor, {"columns": ["id"]})
                raise HostError
        self.assertEqual(stored(self.exports), (1, 1, 1))
        self.assertEqual(list(self.exports.hints), [kept.id])

    def test_a_file_has_the_rows_of_the_view_and_is_downloaded(self) -> None:
        job_id = self.post().json()["id"]
        (outcome,) = self.exports.run()
        self.assertEqual(str(outcome.job_id), job_id)
        text = "Subject,State\nPrinter,Done\nWi-Fi,Open\n"
        self.assertEqual(self.exports.text(job_id), text)
        self.assertEqual(self.client.get(f"/exports/{job_id}").json()["status"], "completed")
        download = self.client.get(f"/exports/{job_id}/file")
        self.assertEqual(download.getvalue().decode("utf-8-sig"), text)
        self.assertEqual(self.client.get("/exports/", headers={"accept": "application/json"}).status_code, 200)

    def test_every_format_is_made(self) -> None:
        for name in ("csv", "ndjson", "xlsx"):
            columns = {"columns": ["id", "title", "opened_at"], "file": {"format": name}}
            job_id = self.post("/exports/", **columns).json()["id"]
            self.exports.run()
            self.assertGreater(len(self.exports.file(job_id)), 50)

    def test_an_export_without_a_file_says_why(self) -> None:
        job_id = self.post().json()["id"]
        with self.assertRaisesRegex(AssertionError, "has no file; it is Queued"):
            self.exports.file(job_id)

    def test_many_rows_are_read_on_djangos_connection(self) -> None:
        team = Group.objects.get()
        Ticket.objects.bulk_create(Ticket(title=f"{number:05} {'x' * 100}", team=team) for number in range(3000))
        job_id = self.post("/exports/", columns=["title"]).json()["id"]
        self.exports.run()
        self.assertEqual(len(self.exports.text(job_id).splitlines()), 3003)
