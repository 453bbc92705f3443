"""What smart-open reads of a blob of Azure, from one version of it."""

from __future__ import annotations

from typing import Any

from ticket_export.errors import StorageUnavailableError


def read_one_version(reader: Any) -> None:
    """Let all downloads of smart-open's reader of a blob be from the version that its first one finds.

    It asks for each part of the blob that there is then: of one that was replaced meanwhile, it would mix the bytes of
    both, or end too early.
    """
    raw = reader._raw_reader  # noqa: SLF001
    raw._blob = _OneVersion(raw._blob, reader._size)  # noqa: SLF001


class _OneVersion:
    def __init__(self, blob: Any, length: int) -> None:
        self._blob = blob
        self._length = length
        self._condition: dict[str, object] = {}

    def download_blob(self, **options: Any) -> Any:
        """See `BlobClient.download_blob`."""
        from azure.core import MatchConditions

        found = self._blob.download_blob(**options, **self._condition)
        # Such as: bytes 0-4194303/12000000
        if int(found.properties.content_range.rpartition("/")[2]) != self._length:
            raise StorageUnavailableError("the file could not be read: it was replaced; try again")
        self._condition = {"etag": found.properties.etag, "match_condition": MatchConditions.IfNotModified}
        return found
