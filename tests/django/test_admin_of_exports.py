"""The admin of exports shows what the policy lets a user see, changes nothing itself, and acts by the use cases."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import attrs
import pytest

from tests.django.in_process import empty, set_up_django

set_up_django()

from django.apps import apps  # noqa: E402
from django.contrib.auth.management import create_permissions  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.db import connections, router  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, override_settings  # noqa: E402

from tests.django.desk import exports as desk_exports  # noqa: E402
from tests.django.desk.models import Ticket  # noqa: E402
from ticket_export import TicketExportContainer  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import catalog_for, export_container  # noqa: E402
from ticket_export.entrypoints.django import current_container  # noqa: E402
from ticket_export.entrypoints.django.library_settings import library_settings  # noqa: E402
from ticket_export.entrypoints.django.models import ExportJob  # noqa: E402

LIST = "/admin/ticket_export/exportjob/"


class Only:
    """A router to one database."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def db_for_read(self, model: object, **_: object) -> str:
        return self._alias

    db_for_write = db_for_read


@attrs.frozen
class Desk:
    """Ada is a superuser; Ben and Cem are staff who may export; Dan is staff without rights."""

    container: TicketExportContainer
    alias: str
    checks_tokens: bool = False

    def user(self, name: str) -> User:
        return User.objects.get(username=name)

    def client(self, name: str) -> Client:
        client = Client(enforce_csrf_checks=self.checks_tokens)
        client.force_login(self.user(name))
        return client

    def requested(self, name: str, word: str = "printer", **view: object) -> UUID:
        actor = self.container.user_directory().find(self.user(name).pk)
        assert actor
        filters = [{"field": "title", "operator": "contains", "value": word}]
        return self.container.request_export()(actor, {"columns": ["id", "title"], "filters": filters, **view}).id

    def completed(self, name: str, word: str = "printer", **view: object) -> UUID:
        made = self.requested(name, word, **view)
        self.container.run_next_export()()
        return made

    def act(self, name: str, action: str, *ids: UUID) -> list[str]:
        """Use the action on these exports, and return what the page then says."""
        sent = {"action": action, "_selected_action": [str(each) for each in ids]}
        return told(self.client(name).post(LIST, sent, follow=True))


def _emptied(alias: str) -> None:
    # Django deletes in any order, and a job refers to its user.
    ExportJob.objects.using(alias).all().delete()
    empty(alias)


def _forget() -> None:
    # What a process remembers of the host's container, without the singletons of the container itself.
    library_settings.cache_clear()
    current_container._found.cache_clear()


@cache
def _container(alias: str) -> TicketExportContainer:
    catalog = catalog_for(
        Ticket.objects.using(alias),
        columns=["id", "title", "state", "opened_at"],
        created_at="opened_at",
        visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(team__in=[0, *actor.attributes["groups"]]),
    )
    return export_container(catalog=catalog)


@pytest.fixture
def desk(alias: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(router, "routers", [Only(alias)])
    _emptied(alias)
    ContentType.objects.clear_cache()
    for label in ("desk", "ticket_export"):
        create_permissions(apps.get_app_config(label), verbosity=0, using=alias)
    monkeypatch.setattr(desk_exports, "container", _container(alias))
    _forget()
    team = Group.objects.create(name="network")
    team.permissions.add(Permission.objects.get(codename="import_export_tickets"))
    User.objects.create_superuser("ada", first_name="Ada", last_name="Lovelace", email="ada@example.test")
    for name in ("ben", "cem", "dan"):
        User.objects.create_user(name, is_staff=True, email=f"{name}@example.test")
    for user in User.objects.filter(username__in=["ben", "cem"]):
        user.groups.add(team)
    Ticket.objects.bulk_create(Ticket(title=f"printer {number}", team=team) for number in range(3))
    yield Desk(desk_exports.container, alias)
    _emptied(alias)
    connections.close_all()
    _forget()


def told(page: Any) -> list[str]:
    """Return the messages of the page."""
    _, _, after = page.content.decode().partition('<ul class="messagelist">')
    found = re.findall(r'<li class="\w+">(.*?)</li>', after.partition("</ul>")[0], re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", "", each)) for each in found]


def cells(page: Any, field: str) -> list[str]:
    found = re.findall(rf'<t[hd] class="field-{field}[^"]*">(.*?)</t[hd]>', page.content.decode(), re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", "", each)).strip() for each in found]


class TestList:
    def test_has_stage_rows_format_and_the_words_of_ends(self, desk: Desk) -> None:
        desk.completed("ada", file={"format": "xlsx"})
        expired = desk.completed("ada", sortField="title")
        desk.requested("ada", word="nothing")
        cancelled = desk.requested("ada", word="more")
        ExportJob.objects.filter(pk=expired).update(expires_at=datetime.now(UTC) - timedelta(hours=1))
        desk.act("ada", "cancel", cancelled)
        page = desk.client("ada").get(LIST)
        assert cells(page, "state") == ["Cancelled", "Queued", "Expired", "Completed"]
        assert cells(page, "rows") == ["-", "-", "3", "3"]
        assert cells(page, "file_format") == ["CSV", "CSV", "CSV", "XLSX"]
        assert cells(page, "progress") == ["-", "Queued", "-", "-"]
        assert cells(page, "requested_by") == 4 * ["Ada Lovelace"]
        assert cells(page, "available_until")[0] == "-"

    def test_number_of_statements_does_not_grow_with_the_exports(self, desk: Desk) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connections[desk.alias]) as captured:
                assert desk_client.get(LIST).status_code == 200
            return len(captured)

        desk_client = desk.client("ada")
        desk.completed("ada")
        desk_client.get(LIST)
        few = statements()
        for name in ("ben", "cem", "ada"):
            for number in range(3):
                desk.requested(name, word=str(number))
        assert statements() == few

    def test_is_filtered_by_status_and_day_and_searched_by_requester(self, desk: Desk) -> None:
        for name in ("ada", "ben", "cem"):
            desk.requested(name)
        desk.completed("ben", word="x")
        client = desk.client("ada")
        assert len(cells(client.get(LIST, {"status__exact": "queued"}), "state")) == 3
        assert len(cells(client.get(LIST, {"status__exact": "completed"}), "state")) == 1
        assert cells(client.get(LIST, {"q": "cem@example"}), "requested_by") == ["cem"]
        assert len(cells(client.get(LIST, {"requested_at__year": "1999"}), "state")) == 0

    @pytest.mark.parametrize(
        "by",
        ["row_count", "snapshot_payload__searchTerm", "error_message__contains", "requester__password__startswith"],
    )
    def test_address_cannot_filter_by_what_is_hidden(self, desk: Desk, by: str) -> None:
        desk.requested("ada")
        assert desk.client("ada").get(LIST, {by: "3"}).status_code == 400

    @pytest.mark.parametrize("by", ["status__regex", "requested_at__year__iregex"])
    def test_address_has_no_pattern_for_the_database(self, desk: Desk, by: str) -> None:
        desk.requested("ada")
        assert desk.client("ada").get(LIST, {by: "["}).status_code == 400


class TestRights:
    def test_staff_see_their_own_and_nothing_of_others(self, desk: Desk) -> None:
        of_ben, of_cem = desk.completed("ben"), desk.completed("cem")
        client = desk.client("ben")
        assert cells(client.get(LIST), "requested_by") == ["ben"]
        assert client.get(f"{LIST}{of_ben}/change/").status_code == 200
        others = client.get(f"{LIST}{of_cem}/change/", follow=True)
        missing = client.get(f"{LIST}{uuid4()}/change/", follow=True)
        assert others.redirect_chain == missing.redirect_chain
        (of_others,), (of_missing,) = told(others), told(missing)
        assert re.sub("[0-9a-f-]{36}", "", of_others) == re.sub("[0-9a-f-]{36}", "", of_missing)

    def test_staff_without_rights_do_not_see_the_module(self, desk: Desk) -> None:
        client = desk.client("dan")
        assert "exportjob" not in client.get("/admin/").content.decode()
        assert client.get(LIST).status_code == 403
        assert "exportjob" in desk.client("ben").get("/admin/").content.decode()

    def test_permission_to_view_shows_own_exports_without_the_actions(self, desk: Desk) -> None:
        desk.user("dan").user_permissions.add(Permission.objects.get(codename="view_exportjob"))
        page = desk.client("dan").get(LIST)
        assert page.status_code == 200
        assert 'name="action"' not in page.content.decode()

    def test_nothing_is_added_changed_or_deleted(self, desk: Desk) -> None:
        job = desk.completed("ada")
        client = desk.client("ada")
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}{job}/change/", {"status": "failed"}).status_code == 403
        assert client.post(f"{LIST}{job}/delete/", {"post": "yes"}).status_code == 403
        assert "delete_selected" not in client.get(LIST).content.decode()
        assert ExportJob.objects.get().status == "completed"


class TestDetail:
    def test_shows_the_view_in_words_and_the_file(self, desk: Desk) -> None:
        job = desk.completed("ben", selection=None)
        page = desk.client("ben").get(f"{LIST}{job}/change/").content.decode()
        assert "<bdi>Subject</bdi> contains <bdi>printer</bdi>" in page
        assert f'<a href="/exports/{job}/file">' in page
        assert f'<a href="/exports/{job}">Status page</a>' in page

    def test_says_why_there_is_no_download(self, desk: Desk) -> None:
        job = desk.completed("ben")
        desk.user("ben").groups.clear()
        desk.user("ben").user_permissions.add(Permission.objects.get(codename="view_exportjob"))
        page = desk.client("ben").get(f"{LIST}{job}/change/").content.decode()
        assert f"/exports/{job}/file" not in page
        assert "Downloading needs the permission “Import / Export Tickets”.</div>" in page

    def test_shows_the_error(self, desk: Desk) -> None:
        job = desk.requested("ben")
        desk.user("ben").groups.clear()
        desk.container.run_next_export()()
        page = desk.client("ada").get(f"{LIST}{job}/change/").content.decode()
        assert "no longer has the permission to export tickets" in page


class TestActions:
    def test_cancel_and_retry_say_for_each_export_what_they_did(self, desk: Desk) -> None:
        done, waiting = desk.completed("ben"), desk.requested("ben", word="x")
        first, second = desk.act("ben", "cancel", done, waiting)
        assert first.endswith(": cancelled")
        assert "cannot" in second
        (again,) = desk.act("ben", "retry", waiting)
        assert again.endswith(": requested again")
        (twice,) = desk.act("ben", "retry", waiting)
        assert twice.endswith("queued or running already")
        assert ExportJob.objects.count() == 3

    def test_others_exports_are_not_changed(self, desk: Desk) -> None:
        job = desk.requested("ben")
        assert desk.act("cem", "cancel", job) == []
        (refused,) = desk.act("ada", "cancel", job)
        assert "only by the user who requested it" in refused
        assert ExportJob.objects.get().status == "queued"


class TestMount:
    def test_without_a_mount_of_the_host_the_admin_has_the_pages(self, desk: Desk) -> None:
        job = desk.completed("ben")
        with override_settings(ROOT_URLCONF="tests.django.desk.urls_of_the_admin"):
            client = attrs.evolve(desk, checks_tokens=True).client("ben")
            page = client.get(f"{LIST}{job}/change/").content.decode()
            (link,) = re.findall(rf'<a href="([^"]*{job}/file)">', page)
            assert link == f"{LIST}exports/{job}/file"
            file = client.get(link)
            assert bytes(file.getvalue()).decode("utf-8-sig").splitlines()[0] == "ID,Subject"
            assert client.get(f"{LIST}exports/", headers={"accept": "text/html"}).status_code == 200
            sent = {"view": json.dumps({"columns": ["id"]})}
            made = client.post(f"{LIST}exports/", sent, "application/json", headers={"sec-fetch-site": "same-origin"})
            assert made.status_code == 422
            form = urlencode(sent)
            made = client.post(
                f"{LIST}exports/",
                form,
                "application/x-www-form-urlencoded",
                headers={"sec-fetch-site": "same-origin"},
            )
            assert made.status_code == 303
            assert made.headers["Location"].startswith(f"{LIST}exports/")
            forged = client.post(f"{LIST}exports/", form, "application/x-www-form-urlencoded")
            assert forged.status_code == 403

    def test_pages_of_the_admin_are_for_staff(self, desk: Desk) -> None:
        job = desk.completed("ben")
        User.objects.filter(username="ben").update(is_staff=False)
        with override_settings(ROOT_URLCONF="tests.django.desk.urls_of_the_admin"):
            answer = desk.client("ben").get(f"{LIST}exports/{job}/file")
            assert answer.status_code == 302
            assert "/login/" in answer.headers["Location"]

    def test_mount_of_the_host_is_used_where_it_is(self, desk: Desk) -> None:
        job = desk.completed("ben")
        with override_settings(ROOT_URLCONF="tests.django.desk.urls_elsewhere"):
            page = desk.client("ben").get(f"/back/office/ticket_export/exportjob/{job}/change/").content.decode()
        assert f'<a href="/reports/files/{job}/file">' in page


class TestExportAction:
    def test_is_shown_to_those_who_may_export(self, desk: Desk) -> None:
        view_ticket = Permission.objects.get(codename="view_ticket")
        for name in ("ben", "dan"):
            desk.user(name).user_permissions.add(view_ticket)
        assert "export_tickets" in desk.client("ben").get("/admin/desk/ticket/").content.decode()
        assert "export_tickets" not in desk.client("dan").get("/admin/desk/ticket/").content.decode()

    def test_leads_on_with_the_list_and_its_columns(self, desk: Desk) -> None:
        sent = {"action": "export_tickets", "_selected_action": ["1"], "select_across": "1"}
        page = desk.client("ada").post("/admin/desk/ticket/?o=-1&q=printer&p=1", sent).content.decode()
        assert "all 3 rows of the list" in page
        assert 'action="/exports/new"' in page
        (view,) = re.findall(r'name="view" value="(.*?)"', page)
        assert json.loads(html.unescape(view)) == {
            "columns": ["id", "title", "state", "opened_at"],
            "selection": "admin:desk.ticket?o=-1&q=printer",
            "timeZone": "America/Chicago",
        }

    def test_too_many_checked_rows_are_refused_with_a_message(self, desk: Desk) -> None:
        sent = {"action": "export_tickets", "_selected_action": ["1" * 1000] * 80}
        page = desk.client("ada").post("/admin/desk/ticket/", sent, follow=True).content.decode()
        assert "These tickets cannot be exported" in page
