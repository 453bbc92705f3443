"""Files as they are."""

from __future__ import annotations

from ticket_export.application.csv_format import CONTENT_TYPE
from ticket_export.application.ports.compression import Compression, Compressor


class NoCompression(Compression, Compressor):
    """Packs nothing, and is its own compressor."""

    suffix = ""
    content_type = CONTENT_TYPE

    def start(self) -> NoCompression:
        """See `Compression.start`."""
        return self

    def compress(self, data: bytes, /) -> bytes:
        """See `Compressor.compress`."""
        return data

    def flush(self) -> bytes:
        """See `Compressor.flush`."""
        return b""
