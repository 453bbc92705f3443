"""Places that need no server: the memory of this process, and a folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.stores.served_store import PATIENCE
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.storage import ExportStorage


class MemoryPlace:
    """See `Place`. No other process can use it."""

    def __init__(self, storage: InMemoryStorage | None = None) -> None:
        self._storage = storage or InMemoryStorage()
        self.url = self._storage.place

    def environment(self, port: int | None = None) -> dict[str, str]:
        """See `Place.environment`."""
        raise NotImplementedError("the memory of a process has no variables")

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> ExportStorage:
        """Return the one storage."""
        return self._storage

    def put(self, key: str, data: bytes) -> None:
        """See `Place.put`."""
        self._storage.objects[key] = data

    def get(self, key: str) -> bytes | None:
        """See `Place.get`."""
        return self._storage.objects.get(key)

    def names(self) -> list[str]:
        """See `Place.names`."""
        return list(self._storage.objects)


class LocalPlace:
    """See `Place`: a folder, which the first write creates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = folder.as_uri()

    def environment(self, port: int | None = None) -> dict[str, str]:
        """See `Place.environment`."""
        return {"TICKET_EXPORT_STORAGE_URL": self.url}

    def storage(self, *, port: int | None = None, patience: timedelta = PATIENCE) -> ExportStorage:
        """See `Place.storage`."""
        return LocalStorage(self._folder)

    def put(self, key: str, data: bytes) -> None:
        """See `Place.put`."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, key: str) -> bytes | None:
        """See `Place.get`."""
        path = self._folder / key
        return path.read_bytes() if path.is_file() else None

    def names(self) -> list[str]:
        """See `Place.names`."""
        return [path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file()]
