"""Files in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from uuid import uuid4

from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.errors import ObjectNotFoundError
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, check_start


class InMemoryStorage(ExportStorage):
    """Keeps whole objects in `objects`, by key. A test may read and change them."""

    provider = "memory"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._place = f"memory://{uuid4().hex}"

    @property
    def place(self) -> str:
        return self._place

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        check_key(key)
        buffer = io.BytesIO()
        yield buffer
        # One assignment: a concurrent reader sees the old object or the new one.
        self.objects[key] = buffer.getvalue()

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        check_key(key)
        check_start(start)
        data = self.objects.get(key)
        if data is None:
            raise ObjectNotFoundError("the file is not in the storage any more")
        stream = io.BytesIO(data)
        stream.seek(min(start, len(data)))
        yield stream

    def delete(self, key: str) -> None:
        check_key(key)
        self.objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        yield from sorted(key for key in tuple(self.objects) if key.startswith(prefix))
