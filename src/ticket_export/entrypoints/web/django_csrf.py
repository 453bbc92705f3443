"""Django's CSRF protection, for a view that is exempt from it and checks the token itself."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware, get_token

from ticket_export.entrypoints.web.messages import FORM, CsrfToken


def csrf_of(request: HttpRequest) -> CsrfToken:
    """Return the token of the request. It reads the fields of a form, so it must be called before the body is read."""
    is_valid = request.content_type == FORM and _CsrfCheck(lambda _: HttpResponse()).passes(request)
    return CsrfToken(name="csrfmiddlewaretoken", make=partial(get_token, request), is_valid=is_valid)


class _CsrfCheck(CsrfViewMiddleware):
    def passes(self, request: HttpRequest) -> bool:
        with suppress(SuspiciousOperation):  # more fields or bytes than Django reads
            self.process_request(request)
            return self.process_view(request, lambda _: HttpResponse(), (), {}) is None
        return False

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        # Neither logged nor shown: another proof may be there.
        return HttpResponseForbidden(reason)
