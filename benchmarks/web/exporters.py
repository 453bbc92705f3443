"""Ways from a view to the bytes of its file: over HTTP, and by calls from Python."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import attrs

from benchmarks.web import paths
from ticket_export import Actor, TicketExportContainer

# Seconds in which an export ends.
_PATIENCE: Final = 60.0
_JSON: Final = {paths.HEADER: paths.USER, "Accept": "application/json"}


@attrs.frozen(kw_only=True)
class Timing:
    """The seconds of the three steps, and how often the client asked whether the export has ended."""

    request: float
    wait: float
    file: float
    asks: int
    content: bytes

    @property
    def seconds(self) -> float:
        return self.request + self.wait + self.file


@attrs.frozen
class PythonExporter:
    """Calls the use cases of a container, and asks without a pause."""

    container: TicketExportContainer
    actor: Actor

    def export(self, view: Mapping[str, object]) -> Timing:
        began = time.perf_counter()
        job = self.container.request_export()(self.actor, view)
        requested = time.perf_counter()
        asks, status = 0, job.status
        while status != "completed":
            assert status != "failed", "the export has failed"
            assert time.perf_counter() - requested < _PATIENCE, "the export does not end"
            status, asks = self.container.get_export()(self.actor, job.id).status, asks + 1
        ended = time.perf_counter()
        with self.container.open_download()(self.actor, job.id).open() as file:
            content = file.read()
        return Timing(
            request=requested - began,
            wait=ended - requested,
            file=time.perf_counter() - ended,
            asks=asks,
            content=content,
        )


class HttpExporter:
    """A client of the API that keeps its connection.

    It asks again after ``Retry-After``, but no earlier than `shortest_pause` seconds after the last answer.
    """

    def __init__(self, port: int, *, shortest_pause: float = 0.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._shortest_pause = shortest_pause

    def close(self) -> None:
        self._connection.close()

    def export(self, view: Mapping[str, object]) -> Timing:
        body = json.dumps(view)
        began = time.perf_counter()
        answer, _ = self._sent("POST", f"{paths.ROOT}/", 202, body, {"Content-Type": "application/json"})
        requested = time.perf_counter()
        place, asks = answer.headers["Location"], 0
        tag: dict[str, str] = {}
        state: dict[str, Any] = {"status": "queued"}
        while state["status"] != "completed":
            assert state["status"] != "failed", "the export has failed"
            assert time.perf_counter() - requested < _PATIENCE, "the export does not end"
            time.sleep(max(self._shortest_pause, float(answer.headers["Retry-After"])))
            answer, content = self._sent("GET", place, 200, None, tag)
            asks += 1
            if content:
                state, tag = json.loads(content), {"If-None-Match": answer.headers["ETag"]}
        ended = time.perf_counter()
        _, content = self._sent("GET", state["links"]["file"], 200)
        return Timing(
            request=requested - began,
            wait=ended - requested,
            file=time.perf_counter() - ended,
            asks=asks,
            content=content,
        )

    def _sent(
        self, method: str, path: str, status: int, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, body, {**_JSON, **(headers or {})})
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status in {status, 304}, f"{method} {path}: {answer.status} {content!r}"
        return answer, content
