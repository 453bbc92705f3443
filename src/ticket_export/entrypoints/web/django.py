"""The binding for Django."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden, StreamingHttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.messages import MAX_BODY, CsrfToken, WebRequest, WebResponse, root_of


def exports_urls(
    container: TicketExportContainer,
    *,
    current_actor: Callable[[HttpRequest], Actor | HttpResponseBase | None],
    language: str | Callable[[HttpRequest], str | None] | None = None,
    languages: Path | None = None,
    templates: Path | None = None,
) -> tuple[list[URLPattern], str]:
    """Return the API and the pages of exports: ``path("exports/", include(exports_urls(…)))``.

    `current_actor` returns the `Actor` of the request, or None if nobody is logged in, or a response such as a redirect
    to a login. `language` is the code of the pages' language, or a function of the request that returns one; without
    it the browser's languages decide. `languages` and `templates` are folders of the host with translations and
    templates. Forms have Django's CSRF token. The library checks it itself, so its view is exempt.
    """
    api = ExportsApi(container, languages=languages, templates=templates)

    @csrf_exempt
    def serve(request: HttpRequest, path: str) -> HttpResponseBase:
        path = f"/{path}"
        actor = None if path in api.public_paths else current_actor(request)
        if isinstance(actor, HttpResponseBase):
            return actor
        csrf = _csrf(request)
        return _response(
            request,
            api.handle(
                WebRequest(
                    method=request.method or "GET",
                    path=path,
                    root=root_of(request.path, path),
                    query=request.META.get("QUERY_STRING", ""),
                    headers={name.lower(): text for name, text in request.headers.items()},
                    body=request.read(MAX_BODY + 1),
                    host=request.get_host(),
                    language=language(request) if callable(language) else language,
                    csrf=csrf,
                ),
                actor,
            ),
        )

    return [re_path(r"^(?P<path>.*)$", serve, name="exports")], "ticket_export"


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        # Neither logged nor shown: another proof may be there.
        return HttpResponseForbidden(reason)


def _csrf(request: HttpRequest) -> CsrfToken | None:
    is_valid = False
    if request.method == "POST":
        check = _CsrfCheck(lambda _: HttpResponse())
        check.process_request(request)
        is_valid = check.process_view(request, lambda _: HttpResponse(), (), {}) is None
    if not is_valid and "text/html" not in request.headers.get("Accept", ""):
        return None
    return CsrfToken(name="csrfmiddlewaretoken", value=get_token(request), is_valid=is_valid)


def _response(request: HttpRequest, answer: WebResponse) -> HttpResponseBase:
    if isinstance(answer.body, bytes):
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    return _FileResponse(answer, is_asynchronous=isinstance(request, ASGIRequest))


class _FileResponse(StreamingHttpResponse):
    """Sends a file, and closes it however the sending ends."""

    def __init__(self, answer: WebResponse, *, is_asynchronous: bool) -> None:
        self._file = answer
        blocks = _in_threads(answer) if is_asynchronous else answer.blocks
        super().__init__(blocks, status=answer.status, headers=answer.headers)

    def close(self) -> None:
        """Close the response and the file."""
        super().close()
        self._file.close()


async def _in_threads(answer: WebResponse) -> AsyncIterator[bytes]:
    blocks = iter(answer.blocks)
    while block := await sync_to_async(lambda: next(blocks, b""), thread_sensitive=False)():
        yield block
