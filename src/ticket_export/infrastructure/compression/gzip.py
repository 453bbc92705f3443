"""Files that every system can unpack."""

from __future__ import annotations

import zlib

from ticket_export.application.ports.compression import Compression, Compressor

# More makes an export wait for its packing, and saves a few per cent.
_LEVEL = 6
# zlib's own number for a window of 32 KiB in a gzip member (RFC 1952) instead of a zlib stream.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class GzipCompression(Compression):
    """One gzip member, without a name or a time in it."""

    suffix = ".gz"
    #: RFC 6713.
    content_type = "application/gzip"

    def start(self) -> Compressor:
        """See `Compression.start`."""
        return zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
