"""An archive that is written in one pass is one that every program reads, whatever its size."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.application.formats.xlsx_zip import Deflate, ZipStream

GIB = 1 << 30


class Huge(bytes):
    """Some bytes that say that they are five GiB."""

    def __len__(self) -> int:
        return 5 * GIB


class Packer:
    """Says that it has packed what it got into `packed`."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def compress(self, _data: bytes, /) -> bytes:
        return self._packed

    def flush(self) -> bytes:
        return b""


def packing(packed: bytes) -> Deflate:
    return Deflate(lambda: Packer(packed), lambda _data, _crc: 7)


@given(parts=st.lists(st.lists(st.binary(max_size=500), max_size=4), max_size=4), stored=st.binary(max_size=100))
def test_entries_come_back_as_they_were_written(parts: list[list[bytes]], stored: bytes) -> None:
    archive = ZipStream()
    pieces = [archive.store("first", stored)]
    for number, part in enumerate(parts):
        pieces += [archive.open(f"part{number}"), *map(archive.write, part), archive.close()]
    data = b"".join([*pieces, archive.end()])
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == {
            "first": stored,
            **{f"part{number}": b"".join(part) for number, part in enumerate(parts)},
        }
        assert {each.date_time for each in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        # Nothing asks for a program that knows ZIP64.
        assert {each.extract_version for each in read.infolist()} == {20}


def test_entry_of_five_gibibytes_has_its_sizes_in_the_fields_of_zip64() -> None:
    archive = ZipStream(packing(b"packed"))
    descriptor = struct.pack("<4sL2Q", b"PK\x07\x08", 7, 6, 5 * GIB)
    begun, written, closed = archive.open("large"), archive.write(Huge(b"x")), archive.close()
    data = begun + written + closed + archive.end()
    assert closed == descriptor
    # Excel offers to repair a file that has such a field in front of an entry.
    assert begun[4:6] == struct.pack("<H", 20)
    (entry,) = zipfile.ZipFile(io.BytesIO(data)).infolist()
    assert (entry.file_size, entry.compress_size, entry.extract_version) == (5 * GIB, 6, 45)


def test_entries_behind_five_gibibytes_are_found() -> None:
    archive = ZipStream(packing(Huge(b"packed")))
    archive.open("large")
    archive.write(b"x")
    archive.close()
    archive.store("small", b"y")
    end = archive.end()
    small, where = end.index(b"small"), end.index(b"PK\x06\x06")
    size, offset = struct.unpack_from("<QQ", end, where + 40)
    start = 30 + len("large") + 5 * GIB + 24
    # The extra field behind the name: its number, its length, and the place.
    assert struct.unpack_from("<2HQ", end, small + len("small")) == (1, 8, start)
    assert (size, offset) == (where, start + 30 + len("small") + 1)
    assert end[where + 56 :][:20] == struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size, 1)
    assert struct.unpack_from("<L", end, len(end) - 6) == (0xFFFF_FFFF,)


def test_archive_may_have_more_entries_than_fit_into_its_old_end() -> None:
    archive = ZipStream()
    data = b"".join([*(archive.store(f"{number}", b"") for number in range(70_000)), archive.end()])
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 70_000


def test_data_needs_an_open_entry() -> None:
    archive = ZipStream()
    archive.store("stored", zlib.compress(b""))
    with pytest.raises(RuntimeError, match="no entry is open"):
        archive.write(b"x")
