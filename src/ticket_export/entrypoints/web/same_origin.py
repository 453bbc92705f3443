"""Whether a request that changes something comes from a page of the same site."""

from __future__ import annotations

from urllib.parse import urlsplit

from ticket_export.entrypoints.web.messages import WebRequest


def may_be_forged(request: WebRequest) -> bool:
    """Return whether the page of another site may have made a browser send this request with the user's cookies.

    A valid token of the host's framework shows that it did not, and so do ``Sec-Fetch-Site`` and ``Origin`` (OWASP ASVS
    5.0, 3.5.1). A browser sends JSON of another site only if the host's own CORS rules allow it (3.5.2). A request
    without any of these headers is not from a browser of this decade; it is trusted if it is not a form.
    """
    if request.csrf is not None and request.csrf.is_valid:
        return False
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if request.is_json:
        return False
    if site is not None:
        return site.strip().lower() not in {"same-origin", "none"}
    if origin is not None:
        return not request.host or urlsplit(origin.strip()).netloc.lower() != request.host.lower()
    return request.is_form
