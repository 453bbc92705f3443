"""Packed files are packed in pieces, the same way every time, and come back whole."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unpacking import ZstdError, unpacked
from ticket_export.application.ports.compression import Compression
from ticket_export.errors import MissingExtraError
from ticket_export.infrastructure.compression import GzipCompression, NoCompression, ZstdCompression

ALL = [NoCompression(), GzipCompression(), ZstdCompression()]


def packed(compression: Compression, *pieces: bytes) -> bytes:
    compressor = compression.start()
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


@pytest.mark.parametrize("compression", ALL, ids=["none", "gzip", "zstd"])
@given(pieces=st.lists(st.binary(max_size=2000), max_size=8))
def test_pieces_come_back_whole(compression: Compression, pieces: list[bytes]) -> None:
    assert unpacked(packed(compression, *pieces), compression.suffix) == b"".join(pieces)
    assert packed(compression, *pieces) == packed(compression, *pieces)


@pytest.mark.parametrize("compression", ALL[1:], ids=["gzip", "zstd"])
def test_large_file_is_given_bit_by_bit(compression: Compression) -> None:
    compressor = compression.start()
    block = b"".join(b"%d,Printer on floor %d\n" % (number, number % 7) for number in range(20_000))
    sizes = [len(compressor.compress(block)) for _ in range(20)]
    assert max(sizes) < len(block) / 2
    assert sum(size > 0 for size in sizes) > 5


@pytest.mark.parametrize(
    ("compression", "suffix", "content_type"),
    [
        (ALL[0], "", "application/octet-stream"),
        (ALL[1], ".gz", "application/gzip"),
        (ALL[2], ".zst", "application/zstd"),
    ],
)
def test_packed_file_says_so(compression: Compression, suffix: str, content_type: str) -> None:
    assert (compression.suffix, compression.content_type) == (suffix, content_type)


def test_gzip_names_no_file_and_no_time() -> None:
    assert packed(GzipCompression(), b"x")[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


def test_corrupted_zstd_file_is_noticed() -> None:
    data = bytearray(packed(ZstdCompression(), b"tickets" * 100))
    data[-1] ^= 1
    with pytest.raises(ZstdError):
        unpacked(bytes(data), ".zst")


def test_zstd_without_its_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    if sys.version_info < (3, 14):
        monkeypatch.delattr("backports.zstd", raising=False)
    with pytest.raises(MissingExtraError, match=r"TICKET_EXPORT_COMPRESSION=zstd needs .*'ticket-export\[zstd\]'"):
        ZstdCompression()


def test_plain_files_need_no_zstd() -> None:
    program = "import sys; sys.modules['backports'] = None; import ticket_export as t; t.TicketExportContainer()"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
