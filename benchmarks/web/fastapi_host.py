"""A FastAPI help desk, whose synchronous work has four threads. Serve `app` with uvicorn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request

from benchmarks.web import desk, paths
from ticket_export import Actor
from ticket_export.web.fastapi import exports_router


@asynccontextmanager
async def _four_threads(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = 4
    yield


app = FastAPI(lifespan=_four_threads)


async def current_actor(request: Request) -> Actor | None:
    return desk.actor_named(request.headers.get(paths.HEADER))


app.include_router(exports_router(desk.container, current_actor=current_actor), prefix=paths.ROOT)


@app.get(paths.SEEN)
def seen() -> dict[str, list[Any]]:
    return desk.seen.taken()
