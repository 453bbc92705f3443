"""Status pages that ask for their exports again and again, all in one thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Final

import attrs

from benchmarks.web import paths

# Seconds in which a host answers.
_PATIENCE: Final = 30.0
#: The shortest pause of the library's script, in seconds.
SHORTEST_PAUSE: Final = 0.15


@attrs.frozen
class Answer:
    """An answer, when it ended (a monotonic time), and how long it took."""

    at: float
    seconds: float
    status: int


@attrs.frozen(kw_only=True)
class Readers:
    """Pages of `exports`, one each, that begin within some seconds; they accept the media type `accept`."""

    port: int
    exports: Sequence[str]
    accept: str
    begin_within: float

    def read(self, *, until: float) -> list[Answer]:
        """Read until that monotonic time; return the answers in the order of their ends."""
        return asyncio.run(self._read_all(until))

    async def _read_all(self, end: float) -> list[Answer]:
        answers: list[Answer] = []
        starts = Random(1)
        async with asyncio.TaskGroup() as group:
            for export in self.exports:
                group.create_task(self._read(export, starts.uniform(0, self.begin_within), end, answers))
        return answers

    async def _read(self, export: str, delay: float, end: float, answers: list[Answer]) -> None:
        tag = ""
        await asyncio.sleep(delay)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while time.monotonic() < end:
                asked = (
                    f"GET {paths.ROOT}/{export} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{paths.HEADER}: {paths.USER}"
                    f"\r\nAccept: {self.accept}\r\nAccept-Language: en\r\n{tag}\r\n"
                )
                began = time.monotonic()
                writer.write(asked.encode())
                async with asyncio.timeout(_PATIENCE):
                    status, headers = await _answer(reader)
                ended = time.monotonic()
                assert status in {200, 304}, f"the host answers {status}"
                answers.append(Answer(ended, ended - began, status))
                tag = f"If-None-Match: {headers['etag']}\r\n"
                await asyncio.sleep(max(SHORTEST_PAUSE, float(headers["retry-after"])))
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:] if line)}
    status = int(head[0].split()[1])
    if status != 304:
        await reader.readexactly(int(headers["content-length"]))
    return status, headers
