"""Requests and responses of the API, as plain values that every web framework can make and send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
#: The media type of forms.
FORM: Final = "application/x-www-form-urlencoded"


@attrs.frozen(kw_only=True)
class CsrfToken:
    """The protection of the host's framework: the hidden field of a form, and whether the request had a valid token.

    `make` returns the value of the field. It is called only for a page, since it may set a cookie.
    """

    name: str
    make: Callable[[], str] = attrs.field(repr=False)
    is_valid: bool = False


@attrs.frozen(kw_only=True, slots=False)
class WebRequest:
    """One request.

    `path` is the part of the URL's path below the mount, from its ``/`` on; `root` is the part above, as the browser
    sees it, without a slash at its end. The names of `headers` are in lower case. `body` is cut after `MAX_BODY` + 1
    bytes. `host` is the name and port that the browser asked. `language` is the host's choice for this user, or a
    function that returns it and is called only for a page.
    """

    method: str
    path: str
    root: str = ""
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)
    host: str = ""
    language: str | Callable[[], str | None] | None = None
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
        return self.content_type == FORM

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
        weights = _weights(self.headers.get("accept", ""))

        def weight(*ranges: str) -> float:
            # The most exact range counts, also if its weight is the lower one.
            return next((weights[each] for each in ranges if each in weights), 0.0)

        html = weight("text/html", "application/xhtml+xml", "text/*", "*/*")
        return html > weight(_JSON, "application/problem+json", "application/*", "*/*")


def root_of(full_path: str, path: str) -> str:
    """Return the root of a mount, where `full_path` is the whole decoded path of a request and `path` its end.

    It is encoded for a URL, and never the beginning of another site's (``//example.com``).
    """
    root = full_path.removesuffix(path).replace("\\", "/").strip("/")
    return f"/{quote(root, errors='replace')}" if root else ""


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers by their names in lower case; several lines of one name are one list (RFC 9110, 5.3)."""
    lines: dict[str, list[str]] = {}
    for name, text in headers:
        lines.setdefault(name.lower(), []).append(text)
    return {name: ", ".join(texts) for name, texts in lines.items()}


def _weights(header: str) -> dict[str, float]:
    """Return the weights, from 0 to 1, of the media ranges of ``Accept``, which are in lower case."""
    weights = {}
    for part in header.lower().split(",")[:50]:
        media, *parameters = (each.strip() for each in part.split(";"))
        given = [text for name, _, text in (each.partition("=") for each in parameters) if name.strip() == "q"]
        weights[media] = _weight(given[0]) if given else 1.0
    return weights


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


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
