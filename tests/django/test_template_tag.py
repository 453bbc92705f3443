"""``{% export_button %}``: the button of a host's list."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from tests.django.in_process import set_up_django

set_up_django()

from django.http import HttpResponse  # noqa: E402 - after the set-up
from django.template import Context, Template  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402
from django.urls import include, path, resolve  # noqa: E402
from django.utils import timezone, translation  # noqa: E402

from ticket_export.errors import ConfigurationError  # noqa: E402


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in self.found
        self.found[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def view(self) -> dict[str, Any]:
        view: dict[str, Any] = json.loads(self.found["ticket-export"]["view"] or "")
        return view


def _shown(arguments: str, **context: Any) -> _Tags:
    return _Tags(Template(f"{{% load ticket_export %}}{{% export_button {arguments} %}}").render(Context(context)))


def test_the_button_has_the_view_and_a_link_for_browsers_without_scripts() -> None:
    tags = _shown("view", view={"searchTerm": "Wi-Fi", "sortField": "id"})
    assert tags.found["script"] == {"type": "module", "src": "/exports/static/ticket-export.js"}
    assert tags.found["a"] == {"href": "/exports/new"}
    assert tags.text == "Export"
    assert tags.view == {"searchTerm": "Wi-Fi", "sortField": "id", "timeZone": "America/Chicago"}


@pytest.mark.parametrize("text", ["</ticket-export><script>alert(1)</script>", "\"'&<>", "{{ view }}", "a\u2028b"])
def test_no_value_of_a_view_leaves_its_attribute(text: str) -> None:
    tags = _shown("view label=label", view={"searchTerm": text}, label=text)
    assert tags.found.keys() == {"script", "ticket-export", "a"}
    assert (tags.view["searchTerm"], tags.text) == (text, text)


def test_a_view_may_be_json_or_be_missing() -> None:
    assert _shown("view", view='{"sortField": "id"}').view["sortField"] == "id"
    assert _shown("").view.keys() == {"timeZone"}
    assert _shown("missing").view.keys() == {"timeZone"}


def test_search_and_order_of_a_list_can_be_given_alone() -> None:
    view = _shown('search=term sort="-opened_at"', term="printer").view
    assert (view["searchTerm"], view["sortField"], view["sortDirection"]) == ("printer", "opened_at", "desc")
    assert _shown('sort="id"').view["sortDirection"] == "asc"


@pytest.mark.parametrize("key", ["timeZone", "TimeZone", "time_zone"])
def test_a_view_with_a_time_zone_keeps_it(key: str) -> None:
    assert _shown("view", view={key: "Europe/Berlin"}).view == {key: "Europe/Berlin"}


def test_the_time_zone_is_that_of_the_user() -> None:
    with timezone.override("Asia/Kolkata"):
        assert _shown("").view["timeZone"] == "Asia/Kolkata"
    # Without a name that a view could have, times are in UTC.
    with timezone.override(timezone.get_fixed_timezone(90)):
        assert _shown("").view == {}


def test_the_label_is_in_the_language_of_the_page() -> None:
    with translation.override("de"):
        assert _shown("").text == "Exportieren"


class _Nonce:
    """As of Django 6: it counts as false until it is shown."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "r4nd0m"


def test_the_script_has_the_nonce_of_the_page() -> None:
    assert _shown("", csp_nonce=_Nonce()).found["script"]["nonce"] == "r4nd0m"
    request = SimpleNamespace(csp_nonce=_Nonce())
    assert _shown("", request=request).found["script"]["nonce"] == "r4nd0m"
    assert "nonce" not in _shown("", request=RequestFactory().get("/")).found["script"]


@pytest.mark.parametrize(
    ("view", "problem"), [("{", "the view is not JSON"), ("[1]", "the view is a list"), ([1], "the view is a list")]
)
def test_what_is_no_view_is_refused(view: object, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        _shown("view", view=view)


@pytest.mark.parametrize("page", ["/acme/tickets/", "/acme/queues/7/tickets/"])
def test_the_mount_may_have_a_value_of_the_page_which_may_have_more(page: str) -> None:
    urls = [
        path("<slug:tenant>/exports/", include("ticket_export.django.urls")),
        path("<slug:tenant>/tickets/", lambda _: HttpResponse(), {"template": "tickets.html"}),
        path("<slug:tenant>/queues/<int:queue>/tickets/", lambda _: HttpResponse()),
    ]
    with override_settings(ROOT_URLCONF=tuple(urls)):
        request = RequestFactory().get(page)
        request.resolver_match = resolve(page)
        tags = _shown("", request=request)
    assert tags.found["script"]["src"] == "/acme/exports/static/ticket-export.js"
    assert tags.found["a"] == {"href": "/acme/exports/new"}


@override_settings(ROOT_URLCONF="tests.django.test_template_tag")
def test_missing_urls_are_an_error_that_says_what_to_add() -> None:
    with pytest.raises(ConfigurationError, match=r'add path\("exports/", include\("ticket_export.django.urls"\)\)'):
        _shown("")


urlpatterns: list[Any] = []
