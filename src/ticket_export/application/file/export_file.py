"""How an export's file is called, for the user and in the storage."""

from __future__ import annotations

import re
from uuid import UUID

import attrs

from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import StorageError

#: Everything below this prefix is the library's own.
KEY_PREFIX = "exports/"
_KEY = re.compile(
    rf"{KEY_PREFIX}(?P<job>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/(?P<attempt>[0-9]{{1,18}})/"
)


def file_name(job: ExportJob, *, suffix: str = "") -> str:
    """What the user saves: the moment of the request, in UTC, so that every attempt has the same name.

    `suffix` is that of a packed file.
    """
    return f"tickets-{job.requested_at:%Y%m%dT%H%M%SZ}.csv{suffix}"


def object_key(job: ExportJob, *, attempt: int, suffix: str = "") -> str:
    """Where attempt number `attempt` (its fencing token) writes; no two attempts share a key."""
    return f"{KEY_PREFIX}{job.id}/{attempt}/{file_name(job, suffix=suffix)}"


def manifest_key(key: str) -> str:
    """Where the manifest of the file of that key is."""
    return f"{key}.manifest.json"


def delete_file(storage: ExportStorage, key: str) -> None:
    """Remove a file and its manifest, of which either may be gone already.

    Raises:
        StorageError: at least one of them is still there.
    """
    storage.delete(key)
    storage.delete(manifest_key(key))


def require_storage_of(item: MediaItem, storage: ExportStorage) -> None:
    """Refuse to look for a file in a storage of another kind than the one it was put into.

    Raises:
        StorageError: it is of another kind.
    """
    if item.file_storage_provider != storage.provider:
        raise StorageError(f"the file lies in the storage {item.file_storage_provider!a}, not in {storage.provider!a}")


def attempt_of(key: str) -> tuple[UUID, int] | None:
    """The job and the attempt that a key was made for, or None if it is none of ours."""
    match = _KEY.match(key)
    return (UUID(match["job"]), int(match["attempt"])) if match else None


@attrs.frozen
class WrittenFile:
    """A file that can be read under `key`: `rows` records besides the header, in `length` bytes as it is stored."""

    key: str
    length: int
    rows: int
    #: Of those bytes, in hexadecimal digits.
    sha256: str
