"""Request an export from async code, and offer its file as a download, with FastAPI."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from ticket_export import Actor, TicketExportContainer

container = TicketExportContainer()
router = APIRouter()


def current_actor() -> Actor:
    """Return the user who is signed in. Replace it with your own."""
    raise HTTPException(401)


@router.post("/exports", status_code=202)
async def request_export(view: dict[str, object], actor: Annotated[Actor, Depends(current_actor)]) -> UUID:
    job = await asyncio.to_thread(container.request_export(), actor, view)
    return job.id


@router.get("/exports/{job_id}/file")
def download(job_id: UUID, actor: Annotated[Actor, Depends(current_actor)]) -> Response:
    file = container.open_download()(actor, job_id)  # a plain def: FastAPI calls it in a thread
    if file.url is not None:  # TICKET_EXPORT_DOWNLOAD=signed-url
        return RedirectResponse(file.url, 303, headers={"Cache-Control": "private, no-store"})
    resources = ExitStack()
    stream = resources.enter_context(file.stream)

    def blocks() -> Iterator[bytes]:
        with resources:
            while block := stream.read(1 << 16):
                yield block

    return StreamingResponse(blocks(), headers=file.headers)
