"""A reader who types docs/tutorial/django.md in an empty folder ends with a file of their teams, in a real browser."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from tests.django.tutorial import PAGE, Reader, left_running, output_shown, shown
from tests.web.browser.browsers import opened_browser, watched_context

_PASSWORD = "a long password"
_THEIRS = """
import json
from desk.models import Ticket
tickets = Ticket.objects.filter(team__members__username='{name}').order_by('id')
print(json.dumps([[str(each.pk), each.title, each.get_state_display(), each.team.name] for each in tickets]))
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader who has typed everything but the commands that keep running."""
    reader = Reader(tmp_path_factory.mktemp("ten-minutes"))
    reader.follow()
    return reader


@pytest.fixture(scope="module")
def site(reader: Reader) -> Iterator[str]:
    """The address of the reader's server; their worker runs too."""
    server, worker = left_running()
    # The page's own address may be in use, and only the last process of the server is ours to end.
    with (
        reader.started(f"{server} --noreload 127.0.0.1:0", r"http://127\.0\.0\.1:[1-9]\d*/") as url,
        reader.started(worker, "worker ready"),
    ):
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@contextmanager
def logged_in(browser: Browser, site: str, name: str) -> Iterator[Page]:
    with watched_context(browser, viewport={"width": 1000, "height": 800}) as context:
        page = context.new_page()
        page.goto(site)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(_PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(site)
        yield page


def exported(page: Page) -> str:
    """Click Export on the list and in its dialog, and return the text of the file."""
    page.locator("ticket-export").get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="New export").wait_for()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export", exact=True).click()
    return download.value.path().read_text("utf-8-sig")


def rows_of(reader: Reader, name: str) -> list[list[str]]:
    """The cells of the tickets that Django itself finds in the teams of this agent."""
    (reader.folder / "theirs.py").write_text(_THEIRS.format(name=name), "utf-8")
    found: list[list[str]] = json.loads(reader.run("python manage.py shell < theirs.py").splitlines()[-1])
    return found


def test_at_most_40_lines_are_added_to_models_and_list(reader: Reader) -> None:
    assert 0 < len(reader.lines) <= 40, "\n".join(reader.lines)
    assert f": {len(reader.lines)} in four files" in PAGE.read_text("utf-8")


def test_each_command_prints_what_the_page_shows(reader: Reader) -> None:
    printed = [(command, text) for command, text in reader.printed.items() if command in output_shown()]
    assert any("export_check" in command for command, _ in printed)
    for command, text in printed:
        assert output_shown()[command] in text


def test_agent_gets_exactly_the_tickets_of_their_teams(reader: Reader, site: str, browser: Browser) -> None:
    files = {}
    for name in ("ada", "bob"):
        with logged_in(browser, site, name) as page:
            files[name] = exported(page)
        header, *rows = csv.reader(io.StringIO(files[name], newline=""))
        assert header == ["ID", "Title", "State", "Team name"]
        assert rows == rows_of(reader, name) != []
    assert files["ada"] in shown()


def test_file_has_only_what_the_list_shows(site: str, browser: Browser) -> None:
    with logged_in(browser, site, "ada") as page:
        page.get_by_label("Search").fill("vpn")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**search=vpn")
        assert exported(page).splitlines()[1:] == ["2,VPN asks for a password,Open,Network"]
        page.goto(f"{site}exports/")
        assert page.get_by_role("table").get_by_role("link", name="vpn").is_visible()
