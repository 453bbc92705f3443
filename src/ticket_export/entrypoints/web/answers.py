"""The answers of the API: data, JSON and pages, with the headers that protect them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ticket_export.application.dto import Dto
from ticket_export.entrypoints.web.conditions import is_unchanged
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse

JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"
#: Of every answer, if it does not say otherwise.
ALWAYS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer", with which a browser sends no Origin with a form.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
#: What a page may load: the files of its own site.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: Of every page.
PAGE_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept, Accept-Language",
}


def data(status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> WebResponse:
    """Return an answer of these bytes."""
    described = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return WebResponse(status=status, headers={**described, **(headers or {})}, body=body)


def as_json(
    status: int, content: Dto, headers: Mapping[str, str] | None = None, *, content_type: str = JSON
) -> WebResponse:
    """Return an answer of the JSON of a DTO."""
    return data(status, content.model_dump_json().encode(), content_type, headers)


def page(status: int, html: str, headers: Mapping[str, str] | None = None) -> WebResponse:
    """Return an answer of a page."""
    # A host's template may hold anything that Python's texts can hold.
    body = html.encode("utf-8", "replace")
    return data(status, body, _HTML, {**PAGE_HEADERS, **(headers or {})})


def see_other(path: str) -> WebResponse:
    """Return an answer that leads to another path."""
    return WebResponse(status=303, headers={"Location": path, "Content-Length": "0"})


def tagged(
    tag: str, request: WebRequest, headers: Mapping[str, str], make: Callable[[Mapping[str, str]], WebResponse]
) -> WebResponse:
    """Return 304 if the client has the state of that tag, else what `make` makes with the headers."""
    sent = {**headers, "ETag": tag}
    if is_unchanged(request.headers, tag.removeprefix("W/").strip('"')):
        return WebResponse(status=304, headers=sent)
    return make(sent)
