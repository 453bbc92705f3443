"""A format whose file is its rows, between a header and a footer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

import attrs

from ticket_export.application.ports.file_format import FileContainer, FileFormat, FormatOptions, RowBlock
from ticket_export.application.view.ticket_column import TicketColumn


class PlainFormat(FileFormat):
    """The base of such a format: it defines `name`, `extension`, `content_type` and `rows`, and what else it needs."""

    @classmethod
    def of(cls, options: FormatOptions, /) -> Self:  # noqa: ARG003 - for formats with options
        """Return the format; it has no options."""
        return cls()

    def header(self, columns: Sequence[TicketColumn]) -> bytes:
        """Return the bytes in front of the first row."""
        return b""

    def footer(self, columns: Sequence[TicketColumn]) -> bytes:
        """Return the bytes behind the last row."""
        return b""

    def container(self, columns: Sequence[TicketColumn]) -> FileContainer:
        """Return the container of one file."""
        return _PlainContainer(self.header(columns), self.footer(columns))


@attrs.frozen
class _PlainContainer(FileContainer):
    _header: bytes
    _footer: bytes

    def begin(self) -> bytes:
        return self._header

    def add(self, block: RowBlock) -> bytes:
        return block.data

    def end(self) -> bytes:
        return self._footer

    @property
    def changes(self) -> Mapping[str, int]:
        return MappingProxyType({})
