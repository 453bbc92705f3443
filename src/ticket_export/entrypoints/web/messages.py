"""Requests and responses of the API, as plain values that every web framework can make and send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, Protocol
from urllib.parse import parse_qsl, quote

import attrs

from ticket_export.application.view.limits import MAX_JSON

#: The methods that a binding passes on; the API refuses those that a path does not have.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: The most bytes of a body that are read. A form writes each character of a view as up to three.
MAX_BODY: Final = 4 * MAX_JSON
_MOST_FIELDS: Final = 10_000

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@attrs.frozen(kw_only=True)
class CsrfToken:
    """The protection of the host's framework: the hidden field of a form, and whether the request had a valid token."""

    name: str
    value: str = attrs.field(repr=False)
    is_valid: bool = False


@attrs.frozen(kw_only=True, slots=False)
class WebRequest:
    """One request.

    `path` is the part of the URL's path below the mount, from its ``/`` on; `root` is the part above, as the browser
    sees it, without a slash at its end. The names of `headers` are in lower case. `body` is cut after `MAX_BODY` + 1
    bytes. `host` is the name and port that the browser asked, and `language` the host's choice for this user.
    """

    method: str
    path: str
    root: str = ""
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)
    host: str = ""
    language: str | None = None
    csrf: CsrfToken | None = None

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return self.content_type == _JSON or self.content_type.endswith("+json")

    @property
    def is_form(self) -> bool:
        """Whether the body says that it is a form."""
        return self.content_type == _FORM

    @property
    def is_too_large(self) -> bool:
        """Whether the body is longer than a view may be."""
        return len(self.body) > (MAX_JSON if self.is_json else MAX_BODY)

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of a form, in order.

        Raises:
            ValueError: there are too many of them.
        """
        text = self.body.decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query; of a repeated one, the last."""
        try:
            return dict(parse_qsl(self.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            return {}

    @cached_property
    def prefers_html(self) -> bool:
        """Whether ``Accept`` (RFC 9110) asks for HTML rather than JSON; what accepts both alike gets JSON."""
        html, json = -1.0, -1.0
        best_html, best_json = -1, -1
        for media, weight in accepted(self.headers.get("accept", "")):
            exactness = ["*/*", "text/*", "application/*"].index(media) if media.endswith("/*") else 9
            if media in {"text/html", "application/xhtml+xml", "text/*", "*/*"} and exactness > best_html:
                html, best_html = weight, exactness
            if media in {_JSON, "application/problem+json", "application/*", "*/*"} and exactness > best_json:
                json, best_json = weight, exactness
        return html > max(json, 0.0)


def root_of(full_path: str, path: str) -> str:
    """Return the root of a mount, where `full_path` is the whole decoded path of a request and `path` its end.

    It is encoded for a URL, and never the beginning of another site's (``//example.com``).
    """
    root = full_path.removesuffix(path).replace("\\", "/").strip("/")
    return f"/{quote(root)}" if root else ""


def accepted(header: str) -> Iterator[tuple[str, float]]:
    """Yield the values of a header such as ``Accept``, in lower case, with their weights from 0 to 1."""
    for part in header.split(",")[:50]:
        value, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, text = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = min(1.0, max(0.0, float(text)))
                except ValueError:
                    weight = 0.0
        if value:
            yield value, weight


class FileBody(Protocol):
    """The bytes of a file, in blocks. Whoever sends it calls `close`, however the sending ends."""

    def __iter__(self) -> Iterator[bytes]:
        """Return the blocks, once."""

    def close(self) -> None:
        """Close the file; a second call has no effect."""


@attrs.frozen(kw_only=True)
class WebResponse:
    """One response. Its body is bytes, or a file that the sender must close.

    ``Content-Length`` is among the headers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | FileBody = attrs.field(default=b"", repr=False)

    @property
    def blocks(self) -> Iterable[bytes]:
        """The blocks of the body."""
        return [self.body] if isinstance(self.body, bytes) else self.body

    def close(self) -> None:
        """Close the file, if the body is one."""
        if not isinstance(self.body, bytes):
            self.body.close()

    def without_body(self) -> WebResponse:
        """Return the answer to ``HEAD``, which has the headers of a body and none."""
        self.close()
        return attrs.evolve(self, body=b"")
