"""For authors of storage plugins: the port, its optional abilities, checks of arguments, the header of a download.

`ticket_export.testing.StorageContract` tests a storage; docs/storage-plugins.md shows one from beginning to end. Errors
are in `ticket_export.errors`.
"""

from ticket_export.application.file.download import content_disposition
from ticket_export.application.ports.export_storage import (
    ExportStorage,
    ObjectWriter,
    SupportsDiscardStale,
    SupportsPlaces,
    SupportsSignedUrl,
)
from ticket_export.infrastructure.storage.keys import check_key, check_prefix, check_start

__all__ = [
    "ExportStorage",
    "ObjectWriter",
    "SupportsDiscardStale",
    "SupportsPlaces",
    "SupportsSignedUrl",
    "check_key",
    "check_prefix",
    "check_start",
    "content_disposition",
]
