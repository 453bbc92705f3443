"""Requests and responses as plain values."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticket_export.application.view.limits import MAX_JSON
from ticket_export.entrypoints.web.file_answers import PartOfFile
from ticket_export.entrypoints.web.messages import FORM, MAX_BODY, WebRequest, WebResponse, root_of

HEADER = st.text(st.characters(max_codepoint=255), max_size=80)
MEDIA = st.sampled_from(["text/html", "application/json", "text/*", "application/*", "*/*", "image/*", "image/png"])
RANGE = st.tuples(MEDIA, st.integers(0, 10)).map(lambda each: f"{each[0]};q={each[1] / 10}")
NAME = st.text(st.characters(codec="utf-8"), max_size=20)

SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1)


def asking(accept: str) -> WebRequest:
    return WebRequest(method="GET", path="/", headers={"accept": accept})


def sending(body: bytes, media_type: str = FORM) -> WebRequest:
    return WebRequest(method="POST", path="/", headers={"content-type": media_type}, body=body)


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("TEXT/HTML ; charset=utf-8", True),
        ("application/xhtml+xml", True),
        ("text/*", True),
        ("text/html, application/json", False),
        ("text/html, application/json;q=0.9", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", True),
        # The most exact range counts.
        ("text/html;q=0, */*", False),
        ("application/json;q=0.1, */*", True),
        ("text/html;q=0", False),
        ("image/*", False),
        ("image/*, text/html", True),
        ("text/html;q=nan, application/json;q=0", False),
        ("text/html;q=x", False),
        ("text/html;level=1;q=0.3, application/json;q=0.2", True),
        (",;,q=1,;q", False),
    ],
)
def test_accept_says_which_form_is_wanted(accept: str, is_html: bool) -> None:
    assert asking(accept).prefers_html is is_html


@given(accept=HEADER)
def test_any_accept_is_read(accept: str) -> None:
    assert asking(accept).prefers_html in {True, False}


@given(ranges=st.lists(RANGE, max_size=6), space=st.sampled_from(["", " ", "\t"]))
def test_order_spaces_and_case_of_ranges_do_not_matter(ranges: list[str], space: str) -> None:
    named = {each.partition(";")[0]: each for each in ranges}
    straight = asking(",".join(named.values())).prefers_html
    turned = f"{space},{space}".join(each.upper().replace(";", f"{space};{space}") for each in reversed(named.values()))
    assert asking(turned.replace("Q=", "q=")).prefers_html is straight


@given(above=NAME, path=NAME)
@example(above="//evil.example", path="new")
@example(above="\\\\evil.example\\", path="")
@example(above="/żółć & 100%/exports", path="x")
@example(above="\r\nSet-Cookie: a=b", path="/")
@example(above="/\ud800", path="/")
def test_root_is_always_a_path_on_this_host(above: str, path: str) -> None:
    root = root_of(f"{above}/{path}", f"/{path}")
    split = urlsplit(f"http://desk.example{root}/new")
    assert (split.netloc, split.query, split.fragment) == ("desk.example", "", "")
    assert root == "" or (root[0] == "/" and root[1] not in "/\\" and root[-1] != "/")
    assert root.isascii()
    assert root.isprintable()
    assert " " not in root


@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1), min_size=1, max_size=4)
)
def test_root_is_the_mount(names: list[str]) -> None:
    mount = "/" + "/".join(names)
    assert unquote(root_of(f"{mount}/a/b", "/a/b")) == mount
    assert root_of(f"{mount}/", "/") == root_of(mount, "/")


@given(fields=st.lists(st.tuples(NAME.filter(bool), NAME), max_size=20))
def test_fields_are_those_that_were_sent(fields: list[tuple[str, str]]) -> None:
    assert sending(urlencode(fields).encode()).fields == fields


@given(body=st.binary(max_size=200))
def test_any_bytes_can_be_read_as_fields(body: bytes) -> None:
    assert isinstance(sending(body).fields, list)


def test_too_many_fields_are_refused() -> None:
    assert len(sending(b"&".join([b"a=1"] * 10_000)).fields) == 10_000
    with pytest.raises(ValueError, match="fields"):
        assert sending(b"&".join([b"a=1"] * 10_001)).fields


@given(query=HEADER)
def test_any_query_can_be_read(query: str) -> None:
    assert isinstance(WebRequest(method="GET", path="/", query=query).parameters, dict)


def test_last_of_a_repeated_parameter_counts() -> None:
    assert WebRequest(method="GET", path="/", query="page=1&page=2&empty=").parameters == {"page": "2", "empty": ""}
    assert WebRequest(method="GET", path="/", query="a&" * 101).parameters == {}


@pytest.mark.parametrize(
    ("media_type", "is_json", "is_form"),
    [
        ("application/json", True, False),
        ("Application/JSON; charset=utf-8", True, False),
        ("application/merge-patch+json", True, False),
        (FORM, False, True),
        (f"{FORM}; charset=utf-8", False, True),
        ("text/plain", False, False),
        ("text/plain; application/json", False, False),
        ("multipart/form-data", False, False),
        ("", False, False),
    ],
)
def test_type_of_a_body(media_type: str, is_json: bool, is_form: bool) -> None:
    request = sending(b"", media_type)
    assert (request.is_json, request.is_form) == (is_json, is_form)


def test_json_may_be_as_long_as_a_view_and_a_form_four_times() -> None:
    assert not sending(b" " * MAX_JSON, "application/json").is_too_large
    assert sending(b" " * (MAX_JSON + 1), "application/json").is_too_large
    assert not sending(b" " * MAX_BODY).is_too_large
    assert sending(b" " * (MAX_BODY + 1)).is_too_large


def test_answer_without_its_body_has_closed_the_file() -> None:
    file = BytesIO(b"abc")
    answer = WebResponse(status=200, headers={"Content-Length": "3"}, body=PartOfFile(file, 3))
    assert answer.without_body().blocks == [b""]
    assert answer.without_body().headers == {"Content-Length": "3"}
    assert file.closed
