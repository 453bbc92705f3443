"""Agents export the tickets of their teams: ``python examples/django_desk/manage.py test django_desk``."""

import csv
import html
import io
import json
import re
from typing import Any
from unittest import mock
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.management import call_command
from django.test import Client, TestCase

from django_desk.models import Tag, Team, Ticket
from ticket_export.testing.django import exports_in_tests

BROWSER = {"accept": "text/html"}
VIEW = {"columns": ["id", "title"], "sortField": "id"}


class ExportTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        may_export = Permission.objects.get(codename="import_export_tickets")
        network, billing, sales = (Team.objects.create(name=name) for name in ("Network", "Billing", "Sales"))
        for name, teams in [("ada", (network, sales)), ("bob", (billing,)), ("eve", (network,))]:
            user = User.objects.create_user(name, f"{name}@example.test")
            user.teams.set(teams)  # type: ignore[attr-defined]  # the plugin of Django's types knows it
            if name != "eve":
                user.user_permissions.add(may_export)
        User.objects.create_superuser("grace")
        urgent, vip = (Tag.objects.create(name=name) for name in ("urgent", "vip"))
        rows = [("Wi-Fi", network, "R1"), ("Invoice", billing, "R2"), ("VPN", network, None), ("Offer", sales, "R1")]
        for title, team, room in rows:
            custom = {} if room is None else {"room": room}
            Ticket.objects.create(pk=len(Ticket.objects.all()) + 1, title=title, team=team, cost=50, custom=custom)
        Ticket.objects.filter(title="VPN").update(state=Ticket.State.DONE)
        Ticket.objects.get(title="Wi-Fi").tags.set([vip, urgent])

    def setUp(self) -> None:
        self.exports = self.enterContext(exports_in_tests())

    def login(self, name: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(username=name))
        return client

    def request(self, name: str, view: dict[str, Any]) -> str:
        """Request an export, and return its path."""
        answer = self.login(name).post("/exports/", view, content_type="application/json")
        assert answer.status_code == 202, answer.content
        return str(answer.headers["Location"])

    def exported(self, name: str, view: dict[str, Any]) -> list[list[str]]:
        """Export the view, and return the rows of the file that the user downloads."""
        path = self.request(name, view)
        self.exports.run()
        answer = self.login(name).get(f"{path}/file")
        assert answer.status_code == 200, answer.headers
        text = bytes(answer.getvalue()).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

    def test_an_agent_exports_the_tickets_of_their_teams_and_no_others(self) -> None:
        assert self.exported("ada", VIEW) == [["ID", "Title"], ["1", "Wi-Fi"], ["3", "VPN"], ["4", "Offer"]]
        assert self.exported("bob", VIEW) == [["ID", "Title"], ["2", "Invoice"]]

    def test_the_list_and_its_file_have_the_same_tickets(self) -> None:
        page = self.login("ada").get("/tickets?state=open&sort=title").text
        (view,) = re.findall('<ticket-export view="(.+?)">', page)
        _, *rows = self.exported("ada", {"columns": ["title"], **json.loads(html.unescape(view))})
        assert [title for (title,) in rows] == ["Offer", "Wi-Fi"]
        assert re.findall(r"<td>\d+</td><td>(.+?)</td>", page) == ["Offer", "Wi-Fi"]

    def test_the_action_of_the_admin_exports_the_tickets_of_its_list_in_their_order(self) -> None:
        every_ticket = {"action": "export_tickets", "_selected_action": "1", "select_across": "1", "index": "0"}
        page = self.login("grace").post("/admin/django_desk/ticket/?state__exact=open&o=-2", every_ticket).text
        view = json.loads(html.unescape(re.findall('name="view" value="(.+?)"', page)[0]))
        _, *rows = self.exported("grace", {**view, "columns": ["title"]})
        assert rows == [["Wi-Fi"], ["Offer"], ["Invoice"]]

    def test_tags_custom_fields_and_labels_are_cells(self) -> None:
        columns = ["title", "state", "team__name", "tags__name", "custom__room"]
        _, first, second, _ = self.exported("ada", {"columns": columns, "sortField": "id"})
        assert first == ["Wi-Fi", "Open", "Network", "urgent, vip", "R1"]
        assert second == ["VPN", "Done", "Network", "", ""]

    def test_only_a_superuser_knows_the_cost(self) -> None:
        view = {"columns": ["title", "cost"], "filters": [{"field": "cost", "operator": "gt", "value": "0"}]}
        assert len(self.exported("grace", view)) == 5
        refused = self.login("ada").post("/exports/", view, content_type="application/json")
        assert refused.status_code == 422

    def test_an_agent_without_the_permission_requests_nothing(self) -> None:
        refused = self.login("eve").post("/exports/", VIEW, content_type="application/json")
        assert refused.status_code == 403

    def test_an_agent_who_leaves_a_team_before_the_export_runs_gets_none_of_its_tickets(self) -> None:
        path = self.request("ada", VIEW)
        Team.objects.get(name="Network").members.clear()
        self.exports.run()
        assert self.exports.text(path.rsplit("/", 1)[1]).splitlines() == ["ID,Title", "4,Offer"]

    def test_the_export_of_a_colleague_looks_like_a_missing_one(self) -> None:
        path, theirs = self.request("ada", VIEW), self.login("bob")
        answers = [theirs.get(each) for each in (path, f"/exports/{uuid4()}")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content

    def test_the_requester_gets_a_mail_whose_link_asks_for_a_login(self) -> None:
        path = self.request("ada", VIEW)
        self.exports.run()
        (sent,) = mail.outbox
        assert sent.to == ["ada@example.test"]
        assert sent.body == f"3 tickets are ready. Log in to get the file: http://localhost:8000{path}"
        self.assertRedirects(Client().get(path, headers=BROWSER), f"/accounts/login/?next={path}")
        assert self.login("ada").get(path, headers=BROWSER).status_code == 200

    def test_a_mail_server_that_is_down_breaks_no_export(self) -> None:
        with (
            mock.patch("django_desk.exports.send_mail", side_effect=OSError("no mail server")),
            self.assertLogs("ticket_export", "ERROR"),
        ):
            assert len(self.exported("ada", VIEW)) == 4

    def test_a_stranger_is_sent_away(self) -> None:
        assert Client().post("/exports/", VIEW, content_type="application/json").status_code == 401
        self.assertRedirects(Client().get("/tickets"), "/accounts/login/?next=/tickets")

    def test_the_migrations_are_complete(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
