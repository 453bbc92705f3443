from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import escape

from tests.unit.entrypoints.web.page_values import (
    COLUMNS,
    DONE,
    NOT_FOR_ME,
    REFUSAL,
    RUNNING,
    STATES,
    choices,
    column,
    export,
)
from ticket_export.application.dto import WatchedExportDto, WatchedPage
from ticket_export.application.view.view_summary import stored_view
from ticket_export.entrypoints.web.pages.context import PageContext
from ticket_export.entrypoints.web.pages.form import ExportForm
from ticket_export.entrypoints.web.pages.languages import Languages
from ticket_export.entrypoints.web.pages.pages import Pages
from ticket_export.errors import ConfigurationError

PAGES = Pages(Languages())
ADDRESS = "/exports/00000000-0000-0000-0000-000000000001"
PROBLEMS = (401, 403, 404, 409, 410, 413, 422, 429, 503)
VIEW: dict[str, object] = {
    "columns": ["id", "title"],
    "filters": [
        {"field": "status", "operator": "is_any_of", "value": ["open", "pending"]},
        {"field": "created", "operator": "is_within_past_days", "value": 30},
    ],
    "searchTerm": "toner",
    "scope": {"teamId": 7},
}


def context(
    code: str = "en", csrf: tuple[str, str] | None = ("token", "s3cr3t"), root: str = "/exports"
) -> PageContext:
    return PageContext(root=root, language=PAGES.languages.find(code), csrf=csrf)


def listed(*items: WatchedExportDto, number: int = 1, total: int | None = None) -> WatchedPage:
    return WatchedPage(items=items, page=number, page_size=10, total=len(items) if total is None else total)


def every_page(shown: PageContext) -> Iterator[tuple[str, str]]:
    for name, offered in (
        ("new", choices()),
        ("new refused", choices(**NOT_FOR_ME)),
        ("new forbidden", choices(may_request=False)),
    ):
        yield (
            name,
            PAGES.new_export(
                shown, offered, ExportForm.from_view(VIEW, offered), ["columns: choose at least one column"]
            ),
        )
    for name, state in STATES.items():
        yield name, PAGES.status(shown, state, columns=COLUMNS)
    yield "list", PAGES.exports(shown, listed(*STATES.values(), export(requester_user_id=2), total=30), 1)
    yield "empty list", PAGES.exports(shown, listed(), 1)
    yield "list behind the end", PAGES.exports(shown, listed(number=9, total=30), 1)
    for status in PROBLEMS:
        yield f"problem {status}", PAGES.problem(shown, status, "Some title", "some detail")


class Outline(HTMLParser):
    """The elements of a page, with a check that they are nested and that ids are unique."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("code", ["en", "de", "ar"])
def test_every_page_is_whole_in_every_language(code: str) -> None:
    for name, html in every_page(context(code)):
        outline = Outline(html)
        (root,) = outline.of("html")
        assert (root["lang"], root["dir"]) == (code, "rtl" if code == "ar" else "ltr"), name
        assert len(outline.of("main")) == len(outline.of("h1")) == 1, name
        assert "%(" not in html.replace("&#37;", "%"), name


def sentences(html: str) -> set[str]:
    """The texts of a page that are more than a word, without time zones and the values of these tests."""
    texts = {each.strip() for each in re.findall(r">([^<]+)<", html)}
    return {each for each in texts if " " in each and "/" not in each} - {"Ticket ID", "toner; ä"}


@pytest.mark.parametrize("code", ["de", "ar"])
def test_no_text_of_a_page_stays_english(code: str) -> None:
    english = dict(every_page(context("en")))
    left = {name: sentences(html) & sentences(english[name]) for name, html in every_page(context(code))}
    assert left.pop("problem 413") == {"Some title.", "Some detail."}
    assert {name: texts for name, texts in left.items() if texts} == {
        "problem 403": {"Some detail."},
        "problem 422": {"Some detail."},
    }


def test_nothing_of_a_page_needs_an_exception_of_the_content_security_policy() -> None:
    for name, html in every_page(context()):
        outline = Outline(html)
        assert outline.of("style") == [], name
        assert all(set(each) == {"type", "src"} for each in outline.of("script")), name
        assert not any(key == "style" or key.startswith("on") for _, each in outline.elements for key in each), name
        addresses = [each.get(key) for _, each in outline.elements for key in ("href", "src", "action", "formaction")]
        assert all(each.startswith("/exports/") for each in addresses if each), name


def test_static_files_have_their_hash_in_the_address() -> None:
    script, style = PAGES.STATIC["ticket-export.js"], PAGES.STATIC["ticket-export.css"]
    assert (script.content_type, style.content_type) == ("text/javascript; charset=utf-8", "text/css; charset=utf-8")
    html = PAGES.problem(context(root=""), 404, "", "")
    assert f'src="/static/ticket-export.js?v={script.version}"' in html
    assert f'href="/static/ticket-export.css?v={style.version}"' in html
    assert script.version != style.version


def test_style_needs_no_element_of_the_page_around_it() -> None:
    style = PAGES.STATIC["ticket-export.css"].content.decode()
    rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", style, flags=re.DOTALL)
    assert re.findall(r"(?<![\w.-])(?:body|html|main)\b", rules) == []
    assert ":host" in rules
    assert "url(" not in style
    physical = r"\b(?:margin|padding|border)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|text-align:\s*(?:left|right)"
    assert re.findall(physical, style) == []


@pytest.mark.parametrize("csrf", [("token", "s3cr3t"), None])
def test_every_form_has_the_token_of_the_framework(csrf: tuple[str, str] | None) -> None:
    for name, html in every_page(context(csrf=csrf)):
        forms = len(Outline(html).of("form"))
        assert html.count('name="token" value="s3cr3t"') == (forms if csrf else 0), name


HOSTILE = st.text(st.sampled_from("<>&\"'%(){}a ;\ud800\x00") | st.characters(), min_size=1, max_size=20).map(
    lambda text: f"<i>{text}\"'><script>%(x)s{{{{ 7 }}}}"
)


@given(HOSTILE)
def test_hostile_text_is_never_markup(text: str) -> None:
    hostile = {"view": text, "requester_name": text, "file_name": text, "error_message": text, "refusal": text}
    pages = [
        PAGES.status(context("de"), export(**DONE | NOT_FOR_ME | hostile)),
        PAGES.status(context("de"), export(**RUNNING | hostile | {"progress_stage": text}), text),
        PAGES.status(context(), export(status="failed", **hostile)),
        PAGES.status(context(), export(view=f"columns a; {text}; title eq {text!a}; search {text!a}")),
        PAGES.exports(
            context(), listed(export(**DONE | hostile), export(requester_user_id=text, requester_name=None)), 1
        ),
        PAGES.problem(context("ar"), 418, text, text),
    ]
    offered = choices(columns=(column(text, text),), refusal=text, may_download=False)
    view: dict[str, object] = {
        "columns": [text, text + "?"],
        "searchTerm": text,
        "filters": [{"field": text, "operator": "eq", "value": text}, {"field": "x", "operator": text}],
        "sortField": text,
        "timeZone": text,
        "viewId": text,
    }
    form = ExportForm.from_view(view, offered)
    pages.append(PAGES.new_export(context(csrf=(text, text)), offered, form, [text], text))
    for html in pages:
        html.encode()
        assert html.count("<script") == 1
        assert "<i>" not in html
        assert html.count("<main ") == html.count("</main>") == 1


def test_new_export_says_in_words_what_is_exported() -> None:
    html = PAGES.new_export(context(), choices(), ExportForm.from_view(VIEW, choices()))
    words = [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<li>(.*?)</li>", html)]
    assert words == [
        "Status is Open or Pending",
        "Created is within the past 30 days",
        "Search for toner",
        "Team is 7",
    ]
    assert "All tickets that you can see" in PAGES.new_export(context(), choices(), ExportForm.from_view({}, choices()))


@pytest.mark.parametrize(
    ("given_filter", "words"),
    [
        ({"field": "created", "operator": "is_within_next_days", "value": "1"}, "Created is within the next day"),
        ({"field": "created", "operator": "is_within_past_days", "value": "9" * 5000}, "within the past days: 9"),
        ({"field": "STATUS", "operator": "equals", "value": "OPEN"}, "Status is Open"),
        ({"field": "status", "operator": "is_empty"}, "Status is empty"),
        ({"field": "id", "operator": "is_any_of", "value": list(range(11))}, "6, 7 or 3 more values"),
        ({"field": "id", "operator": "is_any_of", "value": ""}, "Ticket ID is"),
        ({"field": "mood", "operator": "resembles", "value": "x"}, "mood resembles x"),
    ],
)
def test_filter_is_told_in_words(given_filter: dict[str, object], words: str) -> None:
    html = PAGES.new_export(context(), choices(), ExportForm.from_view({"filters": [given_filter]}, choices()))
    assert words in re.sub(r"</?bdi>", "", html)


def test_new_export_says_who_may_download_before_the_request() -> None:
    form = ExportForm.from_view({}, choices())
    refused = PAGES.new_export(context(), choices(**NOT_FOR_ME), form)
    assert "You can follow the export here, but you cannot download its file." in refused
    assert "Only administrators with the permission “Import / Export Tickets” can download it." in refused
    assert "You can download the file for 3 days after the request." in PAGES.new_export(context(), choices(), form)


def test_without_the_right_to_request_there_is_no_button() -> None:
    html = PAGES.new_export(context(), choices(may_request=False), ExportForm.from_view({}, choices()))
    assert "You may not export tickets." in html
    assert Outline(html).of("form") == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "CET", "Mars<"])
def test_time_zone_of_the_view_is_selected_among_all(zone: str) -> None:
    options = Outline(PAGES.new_export(context(), choices(), ExportForm.from_view({"timeZone": zone}, choices()))).of(
        "option"
    )
    selected = [each["value"] for each in options if "selected" in each]
    assert selected == [zone, "asc"] or selected == ["asc", zone]
    assert {"UTC", "Asia/Kolkata", "America/Recife", "Europe/Warsaw", zone} <= {each["value"] for each in options}


def test_enter_exports_and_moves_no_column() -> None:
    html = PAGES.new_export(context(), choices(), ExportForm.from_view({}, choices()))
    first = next(each for each in Outline(html).of("button") if each["type"] == "submit")
    assert "name" not in first
    assert "formaction" not in first


def test_column_row_has_what_the_script_reads() -> None:
    outline = Outline(PAGES.new_export(context(), choices(), ExportForm.from_view({"columns": ["title"]}, choices())))
    rows = [each["data-te-column"] for each in outline.of("li") if "data-te-column" in each]
    assert rows == ["title", "id", "status", "created", "teamId"]
    inputs = outline.of("input")
    assert [each["value"] for each in inputs if each["name"] == "columns" and "checked" in each] == ["title"]
    assert [each["value"] for each in inputs if each["name"] == "order"] == rows
    moves = [each for each in outline.of("button") if each.get("name") in {"up", "down"}]
    assert [each["value"] for each in moves] == [name for name in rows for _ in range(2)]
    assert {each["formaction"] for each in moves} == {"/exports/new"}
    assert all("hidden" in each for each in outline.of("button") if "data-te-drag" in each or "data-te-all" in each)
    (columns,) = (each for each in outline.of("ol") if "data-te-columns" in each)
    assert columns["data-te-moved"] == "{label}: place {place} of {count}"


def status_of(state: WatchedExportDto) -> dict[str, str | None]:
    (section,) = (each for each in Outline(PAGES.status(context(), state)).of("section") if "data-te-status" in each)
    return section


@pytest.mark.parametrize(
    ("state", "active", "file", "says", "short"),
    [
        ("queued", "true", "", "The export is waiting.", "Export is waiting"),
        ("running", "true", "", "Writing the tickets, 25%", "Exporting 42%"),
        ("completed", "false", f"{ADDRESS}/file", "The export is ready.", "Export ready"),
        ("refused", "false", "", "The export is ready.", "Export ready"),
        ("failed", "false", "", "The export failed.", "Export failed"),
        ("cancelled", "false", "", "The export was cancelled.", "Export cancelled"),
        ("expired", "false", "", "The export has expired.", "Export expired"),
    ],
)
def test_status_says_what_the_script_reads(state: str, active: str, file: str, says: str, short: str) -> None:
    section = status_of(STATES[state])
    assert (section["data-te-active"], section["data-te-file"]) == (active, file)
    assert (section["data-te-says"], section["data-te-short"]) == (says, short)


def test_screen_reader_is_told_of_quarters_only() -> None:
    told = [status_of(export(**RUNNING | {"progress_percent": percent}))["data-te-says"] for percent in range(101)]
    assert len(set(told)) == 5


def test_active_export_refreshes_without_a_script() -> None:
    for name, state in STATES.items():
        refresh = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
        assert (refresh in PAGES.status(context(), state)) == (name in {"queued", "running"}), name


def test_status_offers_what_the_reader_may_do() -> None:
    def forms(state: str) -> list[str | None]:
        return [each["action"] for each in Outline(PAGES.status(context(), STATES[state])).of("form")]

    assert forms("running") == [f"{ADDRESS}/cancel"]
    assert forms("failed") == [f"{ADDRESS}/retry"]
    assert forms("completed") == []
    again = PAGES.status(context(), export(**DONE, may_retry=True))
    assert "Export again" in again
    assert "Try again" not in again
    assert f'href="{ADDRESS}/file"' in PAGES.status(context(), STATES["completed"])


@pytest.mark.parametrize("state", ["queued", "running", "completed"])
def test_missing_right_to_download_is_told_before_and_after(state: str) -> None:
    html = PAGES.status(context(), STATES[state].model_copy(update=NOT_FOR_ME))
    assert "Only administrators" in html
    assert f"{ADDRESS}/file" not in html


def test_view_is_told_in_words_with_labels() -> None:
    html = re.sub(r"</?bdi>", "", PAGES.status(context(), export(), columns=COLUMNS))
    expected = "Status is Open or Pending; Created is within the past 30 days; Search for toner; ä; Team is 7"
    assert f"<dd>{expected}</dd>" in html
    assert "<dd>Ticket ID, Title, Status</dd>" in html


@pytest.mark.parametrize(
    ("view", "told"),
    [
        ({"sortField": "id"}, "All tickets"),
        ({"filters": [{"field": "status", "operator": "eq", "value": "it's; so"}]}, "status is it&#39;s; so"),
        ({"scope": {"assignedToUserId": "a b"}}, "Assignee is a b"),
    ],
)
def test_view_of_unknown_columns_is_told_with_their_names(view: dict[str, object], told: str) -> None:
    snapshot = stored_view(json.dumps({"columns": ["id"], **view}))
    html = re.sub(r"</?bdi>", "", PAGES.status(context(), export(snapshot=snapshot)))
    assert f"<dd>{told}</dd>" in html
    assert "<dd>id</dd>" in html


@given(st.text(max_size=60))
def test_view_that_is_not_known_is_told_by_its_summary(summary: str) -> None:
    html = PAGES.status(context(), export(view=summary, snapshot=None))
    assert f"<bdi>{escape(summary)}</bdi>" in html
    assert "Columns" not in html


def test_list_names_requesters_only_if_there_are_others() -> None:
    assert "Requested by" not in PAGES.exports(context(), listed(*STATES.values()), 1)
    others = PAGES.exports(context(), listed(export(), export(requester_user_id=2, requester_name=None)), 1)
    assert "Requested by" in others
    assert "<bdi>2</bdi>" in others


def test_list_has_downloads_for_those_who_may() -> None:
    html = PAGES.exports(context(), listed(*STATES.values()), 1)
    assert html.count(f'href="{ADDRESS}/file"') == 1
    assert 'aria-label="Download tickets.csv"' in html


@pytest.mark.parametrize(("number", "links"), [(1, ["2"]), (2, ["1", "3"]), (3, ["2"])])
def test_pages_of_the_list_are_linked(number: int, links: list[str]) -> None:
    html = PAGES.exports(context(), listed(export(), number=number, total=30), 1)
    # Pages of another size would skip exports, or show them twice.
    assert re.findall(r'href="/exports/\?page=(\d)&amp;pageSize=10"', html) == links
    assert f"30 exports, page {number} of 3" in html


def test_page_behind_the_last_one_leads_back() -> None:
    assert 'href="/exports/?page=3&amp;pageSize=10"' in PAGES.exports(context(), listed(number=9, total=30), 1)


def test_problem_tells_the_detail_where_the_status_says_too_little() -> None:
    html = PAGES.problem(context("de"), 403, "Forbidden", REFUSAL)
    assert "Nur Administratoren mit der Berechtigung" in html
    assert "Bitte melden Sie sich an" in PAGES.problem(context("de"), 401, "Unauthorized", "")
    unknown = PAGES.problem(context("de"), 413, "Payload Too Large", "the view is too long")
    assert '<h1><span lang="en" dir="ltr">Payload Too Large.</span></h1>' in unknown
    assert '<span lang="en" dir="ltr">The view is too long.</span>' in unknown


def test_place_of_a_problem_is_not_the_beginning_of_a_sentence() -> None:
    html = PAGES.new_export(
        context(), choices(), ExportForm.from_view({}, choices()), ["filters[0].field: is required"]
    )
    assert "<li>filters[0].field: is required.</li>" in html


def test_own_template_replaces_one_and_extends_the_original(tmp_path: Path) -> None:
    (tmp_path / "base.html").write_text(
        '{% extends "ticket-export/base.html" %}{% block header %}<header>Our desk</header>{% endblock %}', "utf-8"
    )
    own = Pages(PAGES.languages, tmp_path)
    html = own.exports(context(), listed(), 1)
    assert "<header>Our desk</header>" in html
    assert "te-nav" not in html
    assert "You have not exported tickets yet." in html


def test_parts_without_blocks_are_changed_as_the_docs_say(tmp_path: Path) -> None:
    docs = (Path(__file__).parents[4] / "docs" / "how-to" / "change-the-pages.md").read_text("utf-8")
    (parts,) = re.findall(r"```html\n([^`]*?parts\.html[^`]*?)```", docs)
    (include,) = re.findall(r"`(\{% include [^`]*)`", docs)
    (tmp_path / "parts.html").write_text(parts, "utf-8")
    (tmp_path / "status_part.html").write_text(f"{include}<p>Questions?</p>", "utf-8")
    own = Pages(PAGES.languages, tmp_path)
    assert '<strong class="state">Ready</strong>' in own.exports(context(), listed(STATES["completed"]), 1)
    status = own.status(context(), STATES["queued"])
    assert "<p>Questions?</p>" in status
    assert "s3cr3t" in status
    assert "data-te-status" in status


def test_missing_folder_of_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder"):
        Pages(PAGES.languages, tmp_path / "none")


def test_name_that_does_not_exist_is_an_error_in_an_own_template(tmp_path: Path) -> None:
    (tmp_path / "problem.html").write_text("{{ statuss }}", "utf-8")
    with pytest.raises(UndefinedError, match="statuss"):
        Pages(PAGES.languages, tmp_path).problem(context(), 404, "", "")
