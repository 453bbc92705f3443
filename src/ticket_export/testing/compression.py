"""The contract of `Compression`.

Inherit it in your adapter's tests::

    class TestMyCompression(CompressionContract[MyCompression]):
        @pytest.fixture
        def compression(self) -> MyCompression: ...
        def unpack_behind(self, compression: MyCompression, data: bytes) -> bytes: ...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_export.application.ports.compression import Compression

P = TypeVar("P", bound=Compression)

#: Similar, but never equal, as in an exported file.
BLOCKS = [b"".join(b"%d,Printer on floor %d\n" % (n, n * n % 97) for n in range(s, s + 5000)) for s in range(20)]


class CompressionContract(Generic[P]):
    """The tests; override the fixture `compression` and `unpack_behind`."""

    @pytest.fixture
    def compression(self) -> P:
        """The adapter under test."""
        raise NotImplementedError("override the fixture `compression`")

    def unpack_behind(self, compression: P, data: bytes) -> bytes:
        """Unpack the file with another program or library than the adapter's."""
        raise NotImplementedError

    def test_packed_file_says_so(self, compression: P) -> None:
        # A suffix goes into names and keys, a media type (RFC 6838) into headers.
        assert re.fullmatch(r"(\.[a-z0-9]{1,10})*", compression.suffix)
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[a-z0-9-]+)*", compression.content_type)

    @given(pieces=st.lists(st.binary(max_size=2000), max_size=8))
    @settings(
        deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
    )
    def test_pieces_come_back_whole(self, compression: P, pieces: list[bytes]) -> None:
        assert self.unpack_behind(compression, _packed(compression, pieces)) == b"".join(pieces)

    def test_empty_file_comes_back_empty(self, compression: P) -> None:
        assert self.unpack_behind(compression, _packed(compression, [])) == b""

    def test_same_file_is_packed_into_the_same_bytes(self, compression: P) -> None:
        assert _packed(compression, BLOCKS) == _packed(compression, BLOCKS)

    def test_large_file_is_given_bit_by_bit(self, compression: P) -> None:
        compressor = compression.start()
        given_early = sum(len(compressor.compress(block)) for block in BLOCKS * 5)
        assert given_early > len(compressor.flush())

    def test_two_files_at_once_do_not_mix(self, compression: P) -> None:
        one, two = compression.start(), compression.start()
        first, second = b"", b""
        for block in BLOCKS:
            first += one.compress(block)
            second += two.compress(block[::-1])
        assert self.unpack_behind(compression, first + one.flush()) == b"".join(BLOCKS)
        assert self.unpack_behind(compression, second + two.flush()) == b"".join(block[::-1] for block in BLOCKS)

    def test_file_that_was_given_up_leaves_the_next_one_whole(self, compression: P) -> None:
        compression.start().compress(BLOCKS[0])
        assert self.unpack_behind(compression, _packed(compression, BLOCKS[:1])) == BLOCKS[0]


def _packed(compression: Compression, pieces: Iterable[bytes]) -> bytes:
    compressor = compression.start()
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])
