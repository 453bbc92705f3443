"""The keys of an export's files in the storage."""

from __future__ import annotations

import re
from uuid import UUID

import attrs

from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.domain.export_job import ExportJob
from ticket_export.domain.media_item import MediaItem
from ticket_export.errors import StorageError

#: The prefix of all keys of the library; no other program may use it.
KEY_PREFIX = "exports/"
_KEY = re.compile(
    rf"{KEY_PREFIX}(?P<job>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/(?P<attempt>[0-9]{{1,18}})/"
)


def object_key(job: ExportJob, *, attempt: int, suffix: str = "") -> str:
    """Return the key of the attempt with this fencing token; no two attempts share a key.

    Its last segment is not the user's name of the file, which may have characters that no key has. `suffix` is the
    suffix of a compressed file.
    """
    return f"{job_prefix(job.id)}{attempt}/tickets-{job.requested_at:%Y%m%dT%H%M%SZ}.csv{suffix}"


def job_prefix(job_id: UUID) -> str:
    """Return the prefix of the keys of all objects of the job."""
    return f"{KEY_PREFIX}{job_id}/"


def manifest_key(key: str) -> str:
    """Return the key of the manifest of the file with that key."""
    return f"{key}.manifest.json"


def delete_file(storage: ExportStorage, key: str) -> None:
    """Delete a file and its manifest; each may be deleted already.

    Raises:
        StorageError: at least one of them still exists.
    """
    storage.delete(key)
    storage.delete(manifest_key(key))


def require_storage_of(item: MediaItem, storage: ExportStorage) -> None:
    """Refuse a storage of another kind than the storage that has the file.

    Raises:
        StorageError: the kinds differ.
    """
    if item.file_storage_provider != storage.provider:
        raise StorageError(f"the file is in the storage {item.file_storage_provider!a}, not in {storage.provider!a}")


def attempt_of(key: str) -> tuple[UUID, int] | None:
    """Return the job and the attempt of a key, or None if the library did not make it."""
    match = _KEY.match(key)
    return (UUID(match["job"]), int(match["attempt"])) if match else None


@attrs.frozen
class WrittenFile:
    """A readable file with `rows` records below the header, and `length` bytes as it is stored."""

    key: str
    length: int
    rows: int
    #: The digest of the stored bytes, in hexadecimal digits.
    sha256: str
