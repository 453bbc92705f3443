"""The keys of an export's files in the storage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID

import attrs

from ticket_export.application.ports.export_database import DatabaseIdentity
from ticket_export.application.ports.export_storage import ExportStorage, SupportsPlaces
from ticket_export.domain.export_job import ExportJob

#: The prefix of all keys of the library; no other program may use it.
KEY_PREFIX = "exports/"
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Older versions made keys without the id of the database.
_KEY = re.compile(rf"{KEY_PREFIX}(?:(?P<database>{_ID})/)?(?P<job>{_ID})/(?P<attempt>[0-9]{{1,18}})/")


def object_key(job: ExportJob, *, database: DatabaseIdentity, attempt: int, extension: str = ".csv") -> str:
    """Return the key of the attempt with this fencing token; no two attempts share a key.

    Its last segment is not the user's name of the file, which may have characters that no key has. It differs between
    a database and its copy: both may run the same queued export, with the same token. `extension` is that of the file.
    """
    copy = sha256(database.copy.encode()).hexdigest()[:8]
    name = f"tickets-{job.requested_at:%Y%m%dT%H%M%SZ}-{copy}{extension}"
    return f"{database_prefix(database.id)}{job.id}/{attempt}/{name}"


def database_prefix(database_id: UUID) -> str:
    """Return the prefix of the keys of all objects of the database."""
    return f"{KEY_PREFIX}{database_id}/"


def job_prefixes(job_id: UUID, database_id: UUID) -> tuple[str, str]:
    """Return the prefixes of the keys of all objects of the job: that of today, and that of older versions."""
    return f"{database_prefix(database_id)}{job_id}/", f"{KEY_PREFIX}{job_id}/"


def owner_key(database_id: UUID) -> str:
    """Return the key of the object that says which copy of the database owns the objects below its prefix."""
    return f"{database_prefix(database_id)}owner.json"


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


def require_there(storage: ExportStorage) -> None:
    """Refuse a storage that looks empty because it is away itself.

    Raises:
        StorageError: as `SupportsPlaces.require_there` does.
    """
    if isinstance(storage, SupportsPlaces):
        storage.require_there()


def attempt_of(key: str) -> tuple[UUID, int] | None:
    """Return the job and the attempt of a key, of any database; None if the library did not make it."""
    match = _KEY.match(key)
    return (UUID(match["job"]), int(match["attempt"])) if match else None


def database_of(key: str) -> UUID | None:
    """Return the database of a key; None for a key of an older version, and for one that the library did not make."""
    match = _KEY.match(key)
    return UUID(match["database"]) if match and match["database"] else None


@attrs.frozen
class WrittenFile:
    """A readable file with `rows` records below the header, and `length` bytes as it is stored."""

    key: str
    length: int
    rows: int
    #: The digest of the stored bytes, in hexadecimal digits.
    sha256: str
    #: See `FileContainer.changes`.
    changes: Mapping[str, int]
