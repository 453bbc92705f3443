"""The binding for FastAPI."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import ClientDisconnect

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.fastapi_threads import FileResponse, in_thread
from ticket_export.entrypoints.web.messages import MAX_BODY, METHODS, WebRequest, joined, root_of

register_url_convertor("exports_path", type("_P", (PathConvertor,), {"regex": "(?s:.*)"})())  # with line feeds, too
register_url_convertor("exports_end", type("_E", (PathConvertor,), {"regex": r"\Z"})())  # and not before a line feed
Language = str | Callable[[Request], str | None] | None


def exports_router(
    container: TicketExportContainer,
    *,
    current_actor: Callable[..., object],
    language: Language = None,
    languages: Path | None = None,
    templates: Path | None = None,
) -> APIRouter:
    """Return the API and the pages of exports: ``app.include_router(exports_router(…), prefix="/exports")``.

    `current_actor` is a dependency of FastAPI that returns the `Actor` of the request, or None if nobody is logged in.
    It may raise an ``HTTPException``, such as a redirect to a login. `language` is the code of the pages' language, or
    a function of the request that returns one; without it the browser's languages decide. `languages` and `templates`
    are the host's folders of translations and templates.
    """
    api = ExportsApi(container, languages=languages, templates=templates)
    router = APIRouter(include_in_schema=False)

    async def serve(request: Request, actor: Actor | None = Depends(current_actor)) -> Response:  # noqa: B008
        return await _answer(api, request, f"/{request.path_params['path']}", actor, language)

    # Without the dependency, which may refuse a request that nobody is logged in for.
    async def serve_public(request: Request) -> Response:
        path = next(each for each in api.public_paths if request.scope["path"].endswith(each))
        return await _answer(api, request, path, None, language)

    public = [(f"{each}{{end:exports_end}}", serve_public) for each in api.public_paths]
    for rule, endpoint in [*public, ("/{path:exports_path}", serve)]:
        router.add_api_route(rule, endpoint, methods=list(METHODS), response_model=None)
    return router


async def _answer(api: ExportsApi, request: Request, path: str, actor: Actor | None, language: Language) -> Response:
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    full_path, prefix = request.scope["path"], request.scope.get("root_path", "")
    if not full_path.startswith(f"{prefix}/"):
        # A proxy has removed it, and the server has not put it back.
        full_path = prefix + full_path
    asked = WebRequest(
        method=request.method,
        path=path,
        root=root_of(full_path, path),
        query=request.scope["query_string"].decode("latin-1"),
        headers=joined(request.headers.items()),
        body=body,
        host=request.headers.get("host", ""),
        language=partial(language, request) if callable(language) else language,
    )
    answer = await in_thread(partial(api.handle, asked, actor))
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers))
    return FileResponse(answer)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                break
    except RuntimeError:
        # A dependency of the host has read the fields of the form.
        return urlencode(list((await request.form()).multi_items())).encode()
    return bytes(body[: MAX_BODY + 1])
