"""What a file is made of: its format, and the compression around it."""

from __future__ import annotations

import attrs

from ticket_export.application.ports.compression import Compression, Compressor
from ticket_export.application.ports.file_format import FileFormat


@attrs.frozen
class FileType:
    """The format and the compression of a file; a format that is packed already gets none."""

    format: FileFormat
    compression: Compression

    @property
    def extension(self) -> str:
        """The end of the file's name, such as ``.csv.gz``."""
        return self.format.extension + ("" if self.format.is_packed else self.compression.suffix)

    @property
    def content_type(self) -> str:
        """The media type of the stored bytes."""
        is_compressed = not self.format.is_packed and self.compression.suffix
        return self.compression.content_type if is_compressed else self.format.content_type

    def compressor(self) -> Compressor | None:
        """Return the compressor of one file; None if the format is packed already."""
        return None if self.format.is_packed else self.compression.start()
