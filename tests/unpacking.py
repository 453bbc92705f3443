"""Packed files as they were."""

from __future__ import annotations

import gzip
import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZstdError = zstd.ZstdError


def unpacked(data: bytes, suffix: str) -> bytes:
    """The contents of a file whose name has that suffix after ``.csv``."""
    if suffix == ".gz":
        return gzip.decompress(data)
    return bytes(zstd.decompress(data)) if suffix else data
