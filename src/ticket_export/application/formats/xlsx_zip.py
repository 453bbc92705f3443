"""A zip archive that is written in one pass, without going back (PKWARE's APPNOTE.TXT 6.3.10).

The same entries and the same deflater make the same bytes: every entry has the same fixed time.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

import attrs

from ticket_export.application.ports.compression import Compressor

_STORED: Final = 0
_DEFLATED: Final = 8
# Sizes and checksum are in a descriptor behind the data, since they are not known before it.
_SIZES_LATER: Final = 0x08
# 1980-01-01 00:00:00, the first time that a zip archive can hold.
_TIME: Final = 0
_DATE: Final = 0x0021
_VERSION: Final = 20
_ZIP64_VERSION: Final = 45
_ZIP64_EXTRA: Final = 0x0001
_MOST_32: Final = 0xFFFF_FFFF
_MOST_16: Final = 0xFFFF

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_DESCRIPTOR: Final = struct.Struct("<4s3L")
_ZIP64_DESCRIPTOR: Final = struct.Struct("<4sL2Q")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_ZIP64_END: Final = struct.Struct("<4sQ2H2L4Q")
_ZIP64_LOCATOR: Final = struct.Struct("<4sLQL")
_ZIP64_END_REST: Final = _ZIP64_END.size - 12


@attrs.frozen
class Deflate:
    """A library that packs: `start` returns a compressor of raw DEFLATE data, `crc32` is that of `zlib`."""

    start: Callable[[], Compressor]
    crc32: Callable[[bytes, int], int]


def _zlib() -> Compressor:
    # A higher level takes several times as long, and saves a fifth.
    return zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)


#: Python's own.
ZLIB: Final = Deflate(_zlib, zlib.crc32)


@attrs.define
class _Entry:
    name: bytes
    offset: int
    flags: int = 0
    method: int = _STORED
    crc: int = 0
    packed: int = 0
    size: int = 0


class ZipStream:
    """Returns the bytes of an archive, in order; one entry at a time.

    Sizes and places of more than 4 GiB are written as ZIP64, and only these: Excel does not open an archive that has
    ZIP64 in front of an entry.
    """

    def __init__(self, deflate: Deflate = ZLIB) -> None:
        self._deflate = deflate
        self._entries: list[_Entry] = []
        self._place = 0
        self._compressor: Compressor | None = None

    def store(self, name: str, data: bytes) -> bytes:
        """Add a whole entry, not packed."""
        entry = self._next(name)
        entry.crc, entry.packed, entry.size = zlib.crc32(data), len(data), len(data)
        return self._written(_local(entry) + data)

    def open(self, name: str) -> bytes:
        """Begin an entry that is packed."""
        entry = self._next(name)
        entry.flags, entry.method = _SIZES_LATER, _DEFLATED
        self._compressor = self._deflate.start()
        return self._written(_local(entry))

    def write(self, data: bytes) -> bytes:
        """Add data to the open entry; return the next bytes of the archive, often none."""
        entry = self._entries[-1]
        entry.crc = self._deflate.crc32(data, entry.crc)
        entry.size += len(data)
        return self._packed(self._opened.compress(data))

    def close(self) -> bytes:
        """End the open entry."""
        rest = self._packed(self._opened.flush())
        entry = self._entries[-1]
        is_large = max(entry.size, entry.packed) >= _MOST_32
        form = _ZIP64_DESCRIPTOR if is_large else _DESCRIPTOR
        return rest + self._written(form.pack(b"PK\x07\x08", entry.crc, entry.packed, entry.size))

    def end(self) -> bytes:
        """End the archive: its directory."""
        directory = b"".join(map(_central, self._entries))
        start, size, count = self._place, len(directory), len(self._entries)
        if start >= _MOST_32 or count >= _MOST_16:
            end = start + size
            directory += _ZIP64_END.pack(
                b"PK\x06\x06", _ZIP64_END_REST, _ZIP64_VERSION, _ZIP64_VERSION, 0, 0, count, count, size, start
            ) + _ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, end, 1)
        few, near = min(count, _MOST_16), min(start, _MOST_32)
        return self._written(directory + _END.pack(b"PK\x05\x06", 0, 0, few, few, size, near, 0))

    @property
    def _opened(self) -> Compressor:
        if self._compressor is None:
            raise RuntimeError("no entry is open")
        return self._compressor

    def _next(self, name: str) -> _Entry:
        entry = _Entry(name.encode("ascii"), self._place)
        self._entries.append(entry)
        return entry

    def _packed(self, data: bytes) -> bytes:
        self._entries[-1].packed += len(data)
        return self._written(data)

    def _written(self, data: bytes) -> bytes:
        self._place += len(data)
        return data


def _local(entry: _Entry) -> bytes:
    return (
        _LOCAL.pack(
            b"PK\x03\x04", _VERSION, entry.flags, entry.method, _TIME, _DATE,
            entry.crc, entry.packed, entry.size, len(entry.name), 0,
        )
        + entry.name
    )  # fmt: skip


def _central(entry: _Entry) -> bytes:
    # Only what does not fit is in the ZIP64 field, in this order.
    large = [number for number in (entry.size, entry.packed, entry.offset) if number >= _MOST_32]
    extra = struct.pack(f"<2H{len(large)}Q", _ZIP64_EXTRA, 8 * len(large), *large) if large else b""
    version = _ZIP64_VERSION if large else _VERSION
    packed, size, offset = (min(number, _MOST_32) for number in (entry.packed, entry.size, entry.offset))
    return (
        _CENTRAL.pack(
            b"PK\x01\x02", version, version, entry.flags, entry.method, _TIME, _DATE,
            entry.crc, packed, size, len(entry.name), len(extra), 0, 0, 0, 0, offset,
        )
        + entry.name
        + extra
    )  # fmt: skip
