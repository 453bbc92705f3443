"""Fast compression."""

from __future__ import annotations

import sys

from ticket_export.application.ports.compression import Compression, Compressor
from ticket_export.errors import MissingExtraError


class ZstdCompression(Compression):
    """Makes one Zstandard frame, with a checksum, at the default level of zstd.

    Python has the module from 3.14 on. The extra ``zstd`` installs it for older releases.
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
        return self._zstd.ZstdCompressor(options={self._zstd.CompressionParameter.checksum_flag: 1})
