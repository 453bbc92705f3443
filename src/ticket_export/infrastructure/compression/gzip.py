"""Compression that every system can decompress."""

from __future__ import annotations

import zlib

from ticket_export.application.ports.compression import Compression, Compressor

# A higher level makes exports slower, and saves a few per cent.
_LEVEL = 6
# zlib's number for a window of 32 KiB in a gzip member (RFC 1952) instead of a zlib stream.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class GzipCompression(Compression):
    """Makes one gzip member, without a name or a time in it."""

    suffix = ".gz"
    #: RFC 6713.
    content_type = "application/gzip"

    def start(self) -> Compressor:
        return zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
