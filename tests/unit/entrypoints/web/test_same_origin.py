"""Which requests may come from the page of another site."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.entrypoints.web.messages import FORM, CsrfToken, WebRequest
from ticket_export.entrypoints.web.same_origin import may_be_forged

HOST = "desk.example"
# Evidence of a request, and whether it may change something as a form.
EVIDENCE = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    # The user has typed the address, or loads the page again.
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "SAME-ORIGIN "}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Sec-Fetch-Site": "unknown"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": f"http://{HOST}"}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
    ({"Origin": f"http://{HOST}"}, True),
    ({"Origin": f"https://{HOST.upper()}"}, True),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
    ({"Origin": f"http://evil.{HOST}"}, False),
    ({"Origin": f"http://{HOST}.evil.example"}, False),
    ({"Origin": f"http://{HOST}:8080"}, False),
    ({"Origin": f"http://{HOST}@evil.example"}, False),
    ({"Origin": f"evil://{HOST}"}, False),
    ({"Origin": HOST}, False),
    ({"Origin": "http://["}, False),
    ({"Referer": f"http://{HOST}/exports/new"}, False),
    ({}, False),
]
HEADER = st.text(st.characters(max_codepoint=255), max_size=40)


def request(headers: dict[str, str], *, media_type: str = FORM, host: str = HOST, token: bool = False) -> WebRequest:
    named = {name.lower(): text for name, text in headers.items()} | (
        {"content-type": media_type} if media_type else {}
    )
    csrf = CsrfToken(name="token", make=lambda: "", is_valid=True) if token else None
    return WebRequest(method="POST", path="/", headers=named, host=host, csrf=csrf)


@pytest.mark.parametrize(("evidence", "is_trusted"), EVIDENCE)
def test_form_needs_evidence_of_its_site(evidence: dict[str, str], is_trusted: bool) -> None:
    assert may_be_forged(request(evidence)) is not is_trusted


@pytest.mark.parametrize(("evidence", "is_trusted"), EVIDENCE)
def test_request_without_a_type_needs_it_if_it_has_any(evidence: dict[str, str], is_trusted: bool) -> None:
    # A program sends none; a browser always says where a request without a type comes from.
    is_program = not {"Sec-Fetch-Site", "Origin"} & {*evidence}
    assert may_be_forged(request(evidence, media_type="")) is not (is_trusted or is_program)


@pytest.mark.parametrize(
    "media_type", [FORM, f"{FORM}; charset=utf-8", "multipart/form-data; boundary=x", "text/plain"]
)
def test_every_type_that_a_form_can_send_needs_evidence(media_type: str) -> None:
    assert may_be_forged(request({}, media_type=media_type))


@pytest.mark.parametrize("media_type", ["application/json", "APPLICATION/JSON; a=b", "application/problem+json"])
def test_json_is_left_to_the_rules_of_cors(media_type: str) -> None:
    assert not may_be_forged(request({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, media_type=media_type))


def test_valid_token_is_enough() -> None:
    assert not may_be_forged(request({"Sec-Fetch-Site": "cross-site"}, token=True))


def test_origin_without_a_host_proves_nothing() -> None:
    assert may_be_forged(request({"Origin": "http://"}, host=""))
    assert may_be_forged(request({"Origin": "null"}, host=""))


@given(origin=HEADER, host=HEADER)
def test_origin_counts_only_if_it_names_the_host(origin: str, host: str) -> None:
    is_same = bool(host) and origin.strip().lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}
    assert may_be_forged(request({"Origin": origin}, host=host)) is not is_same
