"""Every way to pack files keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable

import pytest

from ticket_export.application.ports.compression import Compressor
from ticket_export.infrastructure.compression import GzipCompression, NoCompression, ZstdCompression
from ticket_export.testing.compression import CompressionContract

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class TestNoCompression(CompressionContract[NoCompression]):
    @pytest.fixture
    def compression(self) -> NoCompression:
        return NoCompression()

    def unpack_behind(self, compression: NoCompression, data: bytes) -> bytes:
        return data


class TestGzipCompression(CompressionContract[GzipCompression]):
    @pytest.fixture
    def compression(self) -> GzipCompression:
        return GzipCompression()

    def unpack_behind(self, compression: GzipCompression, data: bytes) -> bytes:
        return gzip.decompress(data)


class TestZstdCompression(CompressionContract[ZstdCompression]):
    @pytest.fixture
    def compression(self) -> ZstdCompression:
        return ZstdCompression()

    def unpack_behind(self, compression: ZstdCompression, data: bytes) -> bytes:
        return bytes(zstd.decompress(data))


class Hoarding(GzipCompression):
    """Gives nothing before the end."""

    def start(self) -> Compressor:
        class All:
            def __init__(self) -> None:
                self._data = b""

            def compress(self, data: bytes, /) -> bytes:
                self._data += data
                return b""

            def flush(self) -> bytes:
                return gzip.compress(self._data)

        return All()


class Sharing(GzipCompression):
    """Has one compressor for all files."""

    def __init__(self) -> None:
        self._only = super().start()

    def start(self) -> Compressor:
        return self._only


class Salted(GzipCompression):
    """Packs the same file differently every time, here into two members."""

    def start(self) -> Compressor:
        class Member:
            def __init__(self, level: int) -> None:
                self._packing = zlib.compressobj(level, wbits=31)

            def compress(self, data: bytes, /) -> bytes:
                return self._packing.compress(data)

            def flush(self) -> bytes:
                return self._packing.flush() + gzip.compress(b"", mtime=int.from_bytes(os.urandom(4)))

        return Member(6)


class Misnamed(GzipCompression):
    suffix = "/gz"


_contract = TestGzipCompression()


@pytest.mark.parametrize(
    ("compression", "claim"),
    [
        (Hoarding(), _contract.test_large_file_is_given_bit_by_bit),
        (Sharing(), _contract.test_two_files_at_once_do_not_mix),
        (Sharing(), _contract.test_file_that_was_given_up_leaves_the_next_one_whole),
        (Salted(), _contract.test_same_file_is_packed_into_the_same_bytes),
        (Misnamed(), _contract.test_packed_file_says_so),
    ],
    ids=["hoarding", "sharing", "sharing one given up", "salted", "misnamed"],
)
def test_contract_notices_a_compression_that_breaks_it(
    compression: GzipCompression, claim: Callable[[GzipCompression], None]
) -> None:
    with pytest.raises((AssertionError, gzip.BadGzipFile, EOFError, zlib.error)):
        claim(compression)
