"""Files that are packed in no time."""

from __future__ import annotations

import sys

from ticket_export.application.ports.compression import Compression, Compressor
from ticket_export.errors import MissingExtraError


class ZstdCompression(Compression):
    """One Zstandard frame, with a checksum, at the level that zstd itself takes.

    Python has it from 3.14 on; before, the extra ``zstd`` brings the same module.
    """

    suffix = ".zst"
    #: RFC 8878.
    content_type = "application/zstd"

    def __init__(self) -> None:
        try:
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
        except ImportError as error:
            raise MissingExtraError("zstd", "TICKET_EXPORT_COMPRESSION=zstd") from error
        self._zstd = zstd

    def start(self) -> Compressor:
        """See `Compression.start`."""
        return self._zstd.ZstdCompressor(options={self._zstd.CompressionParameter.checksum_flag: 1})
