"""The binding for Django."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.django_csrf import csrf_of
from ticket_export.entrypoints.web.messages import MAX_BODY, FileBody, WebRequest, root_of

#: What the one route of the exports matches, below the host's prefix; its name; and the namespace of that name.
ANY_PATH: Final = r"^(?P<path>(?s:.*))\Z"
ROUTE_NAME: Final = "exports"
APP_NAME: Final = "ticket_export"


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
    it the browser's languages decide. `languages` and `templates` are the host's folders of translations and templates.
    Forms have Django's CSRF token. The library checks it itself, so its view is exempt.
    """
    api = ExportsApi(container, languages=languages, templates=templates)

    # The other values of the URL are those of the host's prefix, such as "<slug:tenant>/exports/".
    @csrf_exempt
    def serve(request: HttpRequest, path: str, **_: object) -> HttpResponseBase:
        path = f"/{path}"
        actor = None if path in api.public_paths else current_actor(request)
        if isinstance(actor, HttpResponseBase):
            return actor
        # Before the body, which it may read.
        csrf = csrf_of(request)
        # Django takes a body in chunks for an empty one.
        is_chunked = request.META.get("wsgi.input_terminated") and not request.META.get("CONTENT_LENGTH")
        source = request.META["wsgi.input"] if is_chunked else request
        answer = api.handle(
            WebRequest(
                method=request.method or "GET",
                path=path,
                root=root_of(request.path, path),
                query=request.META.get("QUERY_STRING", ""),
                headers={name.lower(): text for name, text in request.headers.items()},
                body=source.read(MAX_BODY + 1),
                host=request.get_host(),
                language=partial(language, request) if callable(language) else language,
                csrf=csrf,
            ),
            actor,
        )
        if isinstance(answer.body, bytes):
            response = HttpResponse(answer.body, status=answer.status, headers=answer.headers)
            if answer.status == 304:
                del response["Content-Type"]
            return response
        blocks = _InThreads(answer.body) if isinstance(request, ASGIRequest) else answer.body
        return StreamingHttpResponse(blocks, status=answer.status, headers=answer.headers)

    # For LoginRequiredMiddleware: `current_actor` is the login, and the script is for everybody.
    serve.login_required = False  # type: ignore[attr-defined]
    return [re_path(ANY_PATH, serve, name=ROUTE_NAME)], APP_NAME


class _InThreads:
    """The blocks of a file, for an event loop. Django calls `close` however the sending ends."""

    def __init__(self, file: FileBody) -> None:
        self._file = file
        self.close = file.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        blocks = iter(self._file)
        while block := await sync_to_async(lambda: next(blocks, b""), thread_sensitive=False)():
            yield block
