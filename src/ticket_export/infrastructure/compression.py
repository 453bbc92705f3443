"""The compressions that a setting chooses from."""

from __future__ import annotations

import sys
import zlib

from ticket_export.application.ports.compression import Compression, Compressor
from ticket_export.errors import MissingExtraError

# A higher level makes exports slower, and saves a few per cent.
_GZIP_LEVEL = 6
# zlib's number for a window of 32 KiB in a gzip member (RFC 1952) instead of a zlib stream.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class NoCompression(Compression, Compressor):
    """Returns the bytes as they are. It is its own compressor."""

    suffix = ""
    content_type = "application/octet-stream"

    def start(self) -> NoCompression:
        return self

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class GzipCompression(Compression):
    """Makes one gzip member, without a name or a time in it."""

    suffix = ".gz"
    #: RFC 6713.
    content_type = "application/gzip"

    def start(self) -> Compressor:
        return zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)


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
