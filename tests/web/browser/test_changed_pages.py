"""A host's own language, template and rights: pages and dialog show them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.web.browser.served_desk import STAFF, ServedDesk, serving, visitor
from tests.web.browser.test_flows import assert_saved, state

_POLISH = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "New export"
msgstr "Nowy eksport"

msgid "Export"
msgstr "Eksportuj"

msgid "The export is ready"
msgstr "Eksport jest gotowy"

msgid "Columns"
msgstr "Kolumny"
"""
_TEMPLATE = """
{% extends "ticket-export/base.html" %}
{% block header %}<header><p>Example Desk</p></header>{% endblock %}
{% block footer %}<footer><p>{{ _("Columns") }}</p></footer>{% endblock %}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    """A desk where all may download their own files."""
    folder = tmp_path_factory.mktemp("changed")
    for name, text in (("languages/pl.po", _POLISH), ("templates/base.html", _TEMPLATE)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text, "utf-8")
    given = {"DESK_LANGUAGES": str(folder / "languages"), "DESK_TEMPLATES": str(folder / "templates")}
    with serving(folder, given, download_own=True) as desk:
        yield desk


@pytest.mark.parametrize("framework", ["fastapi", "flask", "django"])
def test_pages_have_the_language_and_the_template_of_the_host(
    desk: ServedDesk, browser: Browser, framework: str
) -> None:
    with visitor(browser, desk.url(framework), desk.user(), locale="pl-PL") as page:
        page.goto(f"{desk.url(framework)}/exports/new")
        expect(page.locator("html")).to_have_attribute("lang", "pl")
        expect(page.get_by_role("heading", name="Nowy eksport")).to_be_visible()
        expect(page.get_by_role("banner")).to_contain_text("Example Desk")
        expect(page.get_by_role("contentinfo")).to_contain_text("Kolumny")
        page.get_by_role("main").get_by_role("button", name="Eksportuj", exact=True).last.click()
        # What the file does not translate is English.
        expect(page.get_by_role("heading", name="The export is waiting")).to_be_visible()
        expect(page.get_by_role("banner")).to_contain_text("Example Desk")


@pytest.mark.parametrize("framework", ["fastapi", "flask", "django"])
def test_staff_save_their_own_file_where_the_host_lets_them(desk: ServedDesk, browser: Browser, framework: str) -> None:
    user = desk.user(STAFF)
    with visitor(browser, desk.url(framework), user, locale="pl-PL") as page:
        page.goto(f"{desk.url(framework)}/tickets")
        page.get_by_role("button", name="Export").click()
        dialog = page.get_by_role("dialog", name="Nowy eksport")
        expect(dialog).to_contain_text("You can download the file")
        with desk.desk.worker(), page.expect_download() as download:
            dialog.get_by_role("button", name="Eksportuj", exact=True).click()
        state(page.get_by_role("dialog"), "Eksport jest gotowy")
        assert_saved(desk, user, download.value, "Ticket ID", "Title", "Status", "Created")


def test_page_of_an_own_language_is_accessible(desk: ServedDesk, browser: Browser) -> None:
    with visitor(browser, desk.url(), desk.user(), locale="pl-PL", bypass_csp=True) as page:
        page.goto(f"{desk.url()}/exports/")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
