"""Files without compression."""

from __future__ import annotations

from ticket_export.application.csv_format import CONTENT_TYPE
from ticket_export.application.ports.compression import Compression, Compressor


class NoCompression(Compression, Compressor):
    """Returns the bytes as they are. It is its own compressor."""

    suffix = ""
    content_type = CONTENT_TYPE

    def start(self) -> NoCompression:
        return self

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""
