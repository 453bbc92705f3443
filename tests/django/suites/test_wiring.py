"""What `exports_in_tests` changes, for how long, and on which connections exports then run."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import TestCase, TransactionTestCase, override_settings

from tests.django.desk.models import Ticket
from tests.django.suites.claims import VIEW, make_desk
from ticket_export import ConfigurationError, StorageError
from ticket_export.django import exports_container
from ticket_export.entrypoints.django.models import ExportAuditEntry
from ticket_export.ports import ObjectWriter
from ticket_export.testing.django import ExportsInTests, exports_in_tests
from ticket_export.testing.memory import InMemoryStorage

_PARTS = ("clock", "storage", "task_queue", "ticket_source", "unit_of_work")


class SlowStorage(InMemoryStorage):
    """Takes so long that a heartbeat would be due, twice."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        time.sleep(1.2)
        with super().open_writer(key, content_type) as writer:
            yield writer


class FullStorage(InMemoryStorage):
    def open_writer(self, key: str, content_type: str) -> Any:
        raise StorageError("There is no room left.")


class Wiring:
    """The claims, in the transaction of a TestCase and in those of a TransactionTestCase."""

    def post(self, **view: Any) -> Any:
        case: Any = self
        return case.client.post("/exports/", view or VIEW, content_type="application/json")

    def test_the_parts_of_the_host_come_back(self) -> None:
        case: Any = self
        container: Any = exports_container()
        before = [getattr(container, name).last_overriding for name in _PARTS]
        for _ in range(2):
            with exports_in_tests() as exports:
                case.assertIs(container.storage(), exports.storage)
        case.assertEqual([getattr(container, name).last_overriding for name in _PARTS], before)

    def test_a_block_in_a_block_is_refused(self) -> None:
        case: Any = self
        again = case.assertRaisesRegex(ConfigurationError, "another block has this container")
        with exports_in_tests(), again, exports_in_tests():
            pass
        with exports_in_tests():
            pass

    def test_no_thread_of_an_export_opens_a_connection(self) -> None:
        case: Any = self
        opened: list[object] = []
        case.client.force_login(make_desk())
        team = Group.objects.get()
        Ticket.objects.bulk_create(Ticket(title=f"{number} {'x' * 150}", team=team) for number in range(2000))
        with exports_in_tests() as exports, exports.container.storage.override(storage := SlowStorage()):
            job_id = self.post().json()["id"]
            connection_created.connect(notice := lambda **sent: opened.append(sent["connection"]))
            try:
                (outcome,) = exports.run()
            finally:
                connection_created.disconnect(notice)
            case.assertEqual(outcome.result.value, "completed")
            case.assertTrue(any(job_id in key for key in storage.objects))
        case.assertEqual(opened, [])
        # The pool of psycopg has some more, which Django opens.
        if connection.vendor == "postgresql" and "DESK_POOL" not in os.environ:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT query FROM pg_stat_activity WHERE datname = current_database() "
                    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
                case.assertEqual(cursor.fetchall(), [])

    def test_an_export_that_failed_is_told_with_its_message(self) -> None:
        case: Any = self
        case.client.force_login(make_desk())
        with exports_in_tests() as exports, exports.container.storage.override(FullStorage()):
            job_id = self.post().json()["id"]
            with case.assertLogs("ticket_export", "WARNING"):
                exports.run()
            with case.assertRaisesRegex(AssertionError, "has no file; it is Failed: There is no room left."):
                exports.text(job_id)

    def test_an_agent_gets_the_rows_of_their_groups(self) -> None:
        case: Any = self
        make_desk()
        ada, other = User.objects.create_user("agent"), Group.objects.create(name="billing")
        ada.user_permissions.add(Permission.objects.get(codename="import_export_tickets"))
        ada.groups.add(other)
        Ticket.objects.create(title="Invoice", team=other)
        case.client.force_login(ada)
        with exports_in_tests() as exports:
            job_id = self.post(columns=["title"]).json()["id"]
            exports.run()
            case.assertEqual(exports.text(job_id), "Subject\nInvoice\n")

    def test_a_time_is_shown_as_it_is_stored_in_the_views_zone(self) -> None:
        case: Any = self
        case.client.force_login(make_desk())
        opened_at = Ticket.objects.get(title="Wi-Fi").opened_at
        with exports_in_tests() as exports:
            job_id = self.post(columns=["title", "opened_at"], sortField="title").json()["id"]
            exports.run()
            *_, row = csv.reader(io.StringIO(exports.text(job_id)))
        case.assertEqual(row, ["Wi-Fi", f"{opened_at:%Y-%m-%d %H:%M:%S}"])

    def test_settings_of_a_test_hold(self) -> None:
        case: Any = self
        case.client.force_login(make_desk())
        with exports_in_tests(), override_settings(TICKET_EXPORT_MAX_ACTIVE_JOBS_PER_USER=1):
            case.assertEqual(self.post(columns=["id"]).status_code, 202)
            case.assertEqual(self.post(columns=["title"]).status_code, 429)
        with exports_in_tests():
            case.assertEqual(self.post(columns=["title"]).status_code, 202)

    @override_settings(TICKET_EXPORT_AUDIT_LOG="table")
    def test_the_audit_log_is_the_hosts(self) -> None:
        case: Any = self
        case.client.force_login(make_desk())
        with exports_in_tests() as exports:
            job_id = self.post().json()["id"]
            exports.run()
            case.client.get(f"/exports/{job_id}/file").getvalue()
            case.client.force_login(User.objects.create_user("eve"))
            case.assertEqual(self.post().status_code, 403)
        actions = ["requested", "started", "completed", "downloaded", "refused"]
        found = ExportAuditEntry.objects.order_by("at").values_list("action", flat=True)
        case.assertEqual(list(found), actions)


class WiringInCaseTests(Wiring, TestCase):
    """In the transaction of the case."""


class WiringInTransactionCaseTests(Wiring, TransactionTestCase):
    """In transactions of Django, and outside of them."""


class WiringOfAClassTests(TestCase):
    """A block of the whole class; Django gives each test a copy of the other data of the class."""

    exports: ExportsInTests
    ada: User

    @classmethod
    def setUpTestData(cls) -> None:
        cls.exports = cls.enterClassContext(exports_in_tests())
        cls.ada = make_desk()

    def test_exports_of_the_class_have_the_files_of_its_tests(self) -> None:
        self.client.force_login(self.ada)
        job_id = self.client.post("/exports/", VIEW, content_type="application/json").json()["id"]
        self.exports.run()
        self.assertIn("Wi-Fi", self.exports.text(job_id))
