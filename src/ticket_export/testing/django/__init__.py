"""Exports in the tests of a host on Django: ``TestCase``, ``TransactionTestCase``, live servers and pytest-django.

A ``TestCase`` needs two lines::

    from ticket_export.testing.django import exports_in_tests

    class ExportTests(TestCase):
        def setUp(self) -> None:
            self.exports = self.enterContext(exports_in_tests())

Then a test requests an export as a user does, runs what waits, and reads the file::

        def test_an_agent_exports_their_tickets(self) -> None:
            self.client.force_login(self.ada)
            answer = self.client.post("/exports/", {"columns": ["title"]}, content_type="application/json")
            self.exports.run()
            self.assertEqual(self.exports.text(answer.json()["id"]), "Subject\\nWi-Fi\\n")

Everything happens on the connections of Django, so a database in memory can be used, and the end of the test undoes
everything. There is no snapshot and no heartbeat: how a real export shares a database with others is not tested.
"""

from ticket_export.testing.django.exports_in_tests import ExportsInTests, exports_in_tests

__all__ = ["ExportsInTests", "exports_in_tests"]
