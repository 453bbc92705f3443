"""For authors of storage plugins: the bases, the port and its optional abilities, the header of a download.

`SmartOpenStorage` is the base for every store that smart-open can open, `SigningStorage` for those of them that can
sign links, and `RenamingStorage` for file systems.

`ticket_export.testing.StorageContract` tests a storage. The page "A storage of your own" has every method and promise.
Errors are in `ticket_export.errors`.
"""

from ticket_export.application.file.download import content_disposition
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsPlaces,
    SupportsSignedUrl,
)
from ticket_export.infrastructure.storage.bases.location import USER_AT_SERVER, StoreLocation
from ticket_export.infrastructure.storage.bases.renaming_storage import RenamingStorage, StoredFile
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage
from ticket_export.infrastructure.storage.bases.smart_open_storage import SmartOpenStorage
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, check_start

__all__ = [
    "USER_AT_SERVER",
    "ExportStorage",
    "Link",
    "ObjectWriter",
    "RenamingStorage",
    "SigningStorage",
    "SmartOpenStorage",
    "StoreLocation",
    "StoredFile",
    "SupportsDiscardStale",
    "SupportsPlaces",
    "SupportsSignedUrl",
    "check_key",
    "check_prefix",
    "check_start",
    "content_disposition",
]
