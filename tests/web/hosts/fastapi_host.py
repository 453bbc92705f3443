"""A FastAPI help desk. Serve `app` with uvicorn."""

from os import environ

from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse

from tests.web.hosts import desk
from ticket_export import Actor
from ticket_export.web.fastapi import exports_router

app = FastAPI()
if "DESK_GZIP" in environ:
    app.add_middleware(GZipMiddleware)


def current_actor(request: Request) -> Actor | None:
    name = request.headers.get(desk.HEADER) or request.cookies.get(desk.COOKIE)
    if name == desk.SIGNED_OUT:
        raise HTTPException(302, headers={"Location": desk.LOGIN})
    return desk.actor_named(name)


app.include_router(
    exports_router(
        desk.container,
        current_actor=current_actor,
        language=desk.LANGUAGE,
        languages=desk.LANGUAGES,
        templates=desk.TEMPLATES,
    ),
    prefix=desk.ROOT,
)


@app.get("/tickets")
def list_tickets() -> HTMLResponse:
    return HTMLResponse(desk.list_page())


@app.get(desk.LOGIN)
def login() -> HTMLResponse:
    return HTMLResponse(desk.LOGIN_PAGE)
