"""The streams of smart-open, each for one upload or for one version of an object."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from secrets import randbits
from typing import Any, cast

from ticket_export.errors import StorageUnavailableError
from ticket_export.infrastructure.storage.bases.sending import Sending


def open_stream(uri: str, mode: str, parameters: Mapping[str, object]) -> Any:
    """Return smart-open's stream for the object, ``"rb"`` or ``"wb"``; `parameters` are smart-open's."""
    # Its import imports every driver that is installed: not in a process that only has a storage plugin's types.
    from smart_open import azure
    from smart_open import open as smart_open

    stream: Any = smart_open(uri, mode, compression="disable", transport_params=dict(parameters))
    if isinstance(stream, azure.Writer):
        # smart-open numbers the blocks of every upload 1, 2, 3: two uploads of one blob would mix theirs.
        stream._total_parts = randbits(96)  # noqa: SLF001
        writer, blob = cast("Any", stream), _TwoBlocksAtOnce(stream._blob)  # noqa: SLF001
        writer._blob, writer.terminate = blob, partial(blob.sending.end, stream.terminate)  # noqa: SLF001
    if isinstance(stream, azure.Reader):
        # It asks for each part of the blob that there is then: of one that was replaced meanwhile, it would mix the
        # bytes of both, or end too early.
        raw: Any = stream._raw_reader  # noqa: SLF001
        raw._blob = _OneVersion(raw._blob, stream._size)  # noqa: SLF001
    if hasattr(stream, "_download_kwargs"):
        # Google's reader asks for each part of the object that there is then, if its link has no generation.
        stream._download_kwargs["if_generation_match"] = stream._blob.generation  # noqa: SLF001
    return stream


class _TwoBlocksAtOnce:
    """The client of a blob that sends two blocks at once. Their order is that of the list at the end."""

    def __init__(self, blob: Any) -> None:
        self.sending = Sending(parallel=2)
        self._blob = blob

    def stage_block(self, block_id: bytes, data: bytes) -> None:
        """See `BlobClient.stage_block`. The errors of a block come out of a later call."""
        self.sending.begin(partial(self._blob.stage_block, block_id, data))

    def commit_block_list(self, blocks: object, **options: Any) -> None:
        """See `BlobClient.commit_block_list`."""
        self.sending.finish()
        self._blob.commit_block_list(blocks, **options)


class _OneVersion:
    """The client of a blob whose downloads are all from the version that the first one finds."""

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
