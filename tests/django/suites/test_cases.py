"""The claims in each kind of TestCase of Django."""

from __future__ import annotations

import os
import urllib.request
from contextlib import AbstractContextManager, nullcontext

from django.db import DEFAULT_DB_ALIAS, connections
from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from tests.django.suites.claims import ExportClaims, make_desk, stored
from ticket_export import Actor, SystemPermissions
from ticket_export.django import exports_container
from ticket_export.testing.django import exports_in_tests

_FORBIDDEN = "to 'default' are not allowed in SimpleTestCase"


class SimpleCaseTests(SimpleTestCase):
    """Django forbids every query."""

    def test_an_export_is_refused_as_every_query_is(self) -> None:
        actor = Actor(user_id=1, is_admin=True, permissions=SystemPermissions.IMPORT_EXPORT_TICKETS)
        with exports_in_tests() as exports:
            with self.assertRaisesRegex(AssertionError, _FORBIDDEN):
                exports_container().request_export()(actor, {"columns": ["title"]})
            with self.assertRaisesRegex(AssertionError, _FORBIDDEN):
                exports.run()
            self.assertEqual(list(exports.hints), [])


class CaseTests(ExportClaims, TestCase):
    """In a transaction that the case rolls back."""

    def committing(self) -> AbstractContextManager[object]:
        return self.captureOnCommitCallbacks(execute=True)

    def test_without_the_capture_no_hint_is_sent(self) -> None:
        self.client.post("/exports/", {"columns": ["title"]}, content_type="application/json")
        self.assertEqual(stored(self.exports), (1, 1, 0))
        self.exports.run()


class TransactionCaseTests(ExportClaims, TransactionTestCase):
    """In transactions that are committed, and flushed after each test."""

    def committing(self) -> AbstractContextManager[object]:
        return nullcontext()


class LiveServerTests(LiveServerTestCase):
    """Over HTTP: the server has threads of its own."""

    def setUp(self) -> None:
        self.exports = self.enterContext(exports_in_tests())
        self.client.force_login(make_desk())

    def opened(self, path: str, data: bytes | None = None) -> bytes:
        cookie = f"sessionid={self.client.cookies['sessionid'].value}"
        headers = {"Cookie": cookie, "Content-Type": "application/json", "Origin": self.live_server_url}
        request = urllib.request.Request(f"{self.live_server_url}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            body: bytes = answer.read()
        return body

    def test_a_commit_leaves_one_of_each_and_the_file_is_served(self) -> None:
        self.opened("/exports/", b'{"columns": ["title"]}')
        self.assertEqual(stored(self.exports), (1, 1, 1))
        self.exports.run()
        file = self.opened(f"/exports/{self.exports.hints[0]}/file")
        self.assertEqual(sorted(file.decode("utf-8-sig").split()), ["Printer", "Subject", "Wi-Fi"])

    def test_an_error_after_the_request_leaves_nothing(self) -> None:
        with self.assertLogs("django.request"), self.assertRaisesRegex(urllib.error.HTTPError, "500"):
            self.opened("/requested/error/")
        self.assertEqual(stored(self.exports), (0, 0, 0))


class DatabaseTests(SimpleTestCase):
    """The process runs what its parent believes."""

    def test_the_database_is_the_one_that_was_asked_for(self) -> None:
        django = connections[DEFAULT_DB_ALIAS]
        self.assertEqual(django.vendor, "postgresql" if "DESK_DATABASE" in os.environ else "sqlite")
        if django.vendor == "sqlite":
            self.assertEqual(django.is_in_memory_db(), "DESK_TEST_FILE" not in os.environ)  # type: ignore[attr-defined]
        self.assertEqual(django.settings_dict["ATOMIC_REQUESTS"], "DESK_ATOMIC" in os.environ)
