"""A user of the admin filters, searches and sorts a list, and gets a file of exactly these rows in that order."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.django.browser.served_admin import PASSWORD, served, signed_in
from tests.django.project import DeskProject

_PICTURES = Path(__file__).parents[3] / "build" / "screenshots"
_MAKE = f"""
import random
from django.contrib.auth.models import Group, Permission, User
from tests.django.desk.models import Tag, Ticket
chosen = random.Random(3)
ada = User.objects.create_superuser("ada", password={PASSWORD!r}, first_name="Ada", last_name="Lovelace")
ben = User.objects.create_user("ben", password={PASSWORD!r}, is_staff=True, first_name="Ben")
teams = [Group.objects.create(name=name) for name in ("Network", "Printers")]
ben.groups.add(teams[0])
ben.user_permissions.set(Permission.objects.filter(codename__in=["view_ticket", "import_export_tickets"]))
tags = [Tag.objects.create(name=name) for name in ("new", "loud")]
for number in range(120):
    ticket = Ticket.objects.create(
        title=chosen.choice(["Printer on fire", "Printer jam", "Wi-Fi"]) + f" {{number % 7}}",
        team=chosen.choice(teams), assignee=chosen.choice([None, ada, ben]), priority=chosen.choice([1, 2]),
        state=chosen.choice(["open", "open", "done"]),
    )
    ticket.tags.set(chosen.sample(tags, chosen.randrange(3)))
"""
_WORK = "from ticket_export.django import exports_container; exports_container().worker().drain()"


@attrs.frozen
class Admin:
    """The served admin, and the worker."""

    url: str
    project: DeskProject

    def work(self) -> None:
        self.project.run(_WORK)


@pytest.fixture
def admin(project: DeskProject) -> Iterator[Admin]:
    project.manage("migrate", "--verbosity=0")
    project.run(_MAKE)
    with served(project) as url:
        yield Admin(url, project)


def listed(page: Page, url: str) -> list[tuple[str, str]]:
    """Return the id and the title of each row of the list, over all its pages."""
    found: list[tuple[str, str]] = []
    number = 1
    while True:
        page.goto(f"{url}&p={number}")
        rows = page.locator("#result_list tbody tr")
        found += rows.evaluate_all(
            "all => all.map(row => ['id', 'title'].map(name => row.querySelector('.field-' + name).innerText))"
        )
        if page.locator(".paginator a", has_text=str(number + 1)).count() == 0:
            return [(each, title) for each, title in found]
        number += 1


def saved(page: Page, admin: Admin) -> list[tuple[str, str]]:
    """Let the worker make the file of the shown export; return the id and the title of each row."""
    expect(page.locator("[data-te-status]")).to_be_visible()
    with page.expect_download() as download:
        admin.work()
    rows = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    return [(row["ID"], row["Subject"]) for row in rows]


def picture(page: Page, name: str) -> None:
    _PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=_PICTURES / f"admin-{name}.png", full_page=True)


def run_action(page: Page, action: str) -> None:
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Go").click()


@pytest.mark.parametrize("user", ["ada", "ben"])
def test_file_has_the_rows_of_the_list_in_its_order(browser: Browser, admin: Admin, user: str) -> None:
    with signed_in(browser, admin.url, user) as page:
        page.goto(f"{admin.url}/admin/desk/ticket/")
        page.locator("#changelist-filter a", has_text="Open").first.click()
        page.locator("#searchbar").fill("printer")
        page.get_by_role("button", name="Search").click()
        # By title, then by priority downwards.
        page.locator("th.column-title a").first.click()
        page.locator("th.column-priority a").first.click()
        page.locator("th.column-priority a.toggle").click()
        address = page.url
        rows = listed(page, address)
        assert len(rows) > 20 or user == "ben"
        page.goto(address)

        page.locator("#action-toggle").check()
        if page.locator(".actions .question a").count():
            page.locator(".actions .question a").click()
        picture(page, f"action-{user}")
        run_action(page, "export_tickets")
        expect(page.locator("h1", has_text="Export these tickets")).to_be_visible()
        picture(page, f"confirm-{user}")
        page.get_by_role("button", name="Choose columns and format").click()
        expect(page.locator("h1")).to_have_text("New export")
        picture(page, f"new-{user}")
        page.locator("[data-te-new]").get_by_role("button", name="Export", exact=True).click()
        assert saved(page, admin) == rows

        page.goto(address)
        chosen = rows[1:8:2]
        for number, _ in reversed(chosen):
            page.locator(f"input.action-select[value='{number}']").check()
        run_action(page, "export_tickets")
        page.get_by_role("button", name="Export at once").click()
        assert saved(page, admin) == chosen


def test_list_and_page_of_an_export(browser: Browser, admin: Admin) -> None:
    with signed_in(browser, admin.url, "ada") as page:
        page.goto(f"{admin.url}/admin/desk/ticket/?q=wi-fi&o=2.-6")
        page.locator("input.action-select").first.check()
        run_action(page, "export_tickets")
        page.get_by_role("button", name="Export at once").click()
        saved(page, admin)
        page.goto(f"{admin.url}/exports/new")
        page.locator("[data-te-new]").get_by_role("button", name="Export", exact=True).click()
        expect(page.locator("[data-te-status]")).to_be_visible()
        page.goto(f"{admin.url}/admin/ticket_export/exportjob/")
        expect(page.locator("#result_list tbody tr")).to_have_count(2)
        picture(page, "list")
        page.locator("#result_list tbody tr").nth(1).locator("a").first.click()
        picture(page, "detail")
        with page.expect_download():
            page.locator(".field-file a").click()
        page.go_back()
        page.goto(f"{admin.url}/admin/ticket_export/exportjob/")
        page.locator("input.action-select").first.check()
        run_action(page, "cancel")
        expect(page.locator(".messagelist li.success")).to_contain_text("cancelled")
        picture(page, "cancelled")
        page.emulate_media(color_scheme="dark")
        picture(page, "list-dark")
        page.locator("#result_list tbody tr").nth(1).locator("a").first.click()
        picture(page, "detail-dark")
        page.goto(f"{admin.url}/admin/desk/ticket/")
        page.locator("input.action-select").first.check()
        run_action(page, "export_tickets")
        picture(page, "confirm-dark")


def test_action_works_without_a_script(browser: Browser, admin: Admin) -> None:
    with signed_in(browser, admin.url, "ada", java_script_enabled=False) as page:
        page.goto(f"{admin.url}/admin/desk/ticket/?o=-1")
        for box in page.locator("input.action-select").all()[:2]:
            box.check()
        run_action(page, "export_tickets")
        page.get_by_role("button", name="Choose columns and format").click()
        page.locator("[data-te-new]").get_by_role("button", name="Export", exact=True).click()
        admin.work()
        page.reload()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert [row[0] for row in csv.reader(download.value.path().read_text("utf-8-sig").splitlines())] == [
            "ID",
            "120",
            "119",
        ]
