"""Whether a request that changes something comes from a page of the same site."""

from __future__ import annotations

from typing import Final

from ticket_export.entrypoints.web.messages import FORM, WebRequest

# The types of a body that a page may send to any site without asking it (Fetch, "CORS-safelisted request-header").
_SIMPLE: Final = {FORM, "multipart/form-data", "text/plain"}


def may_be_forged(request: WebRequest) -> bool:
    """Return whether the page of another site may have made a browser send this request with the user's cookies.

    A valid token of the host's framework shows that it did not, and so do ``Sec-Fetch-Site`` and ``Origin`` (OWASP ASVS
    5.0, 3.5.1). A browser sends JSON of another site only if the host's own CORS rules allow it (3.5.2). A request
    without any of these headers is not from a browser of this decade; it is trusted if it is not like a form.
    """
    if request.is_json or (request.csrf is not None and request.csrf.is_valid):
        return False
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site.strip().lower() not in {"same-origin", "none"}
    if origin is not None:
        return not request.host or _host_of(origin) != request.host.lower()
    return request.content_type in _SIMPLE


def _host_of(origin: str) -> str:
    """Return the host and port of an ``Origin``; "null" is the origin of pages without one."""
    scheme, _, host = origin.strip().lower().partition("://")
    return host if scheme in {"http", "https"} else ""
