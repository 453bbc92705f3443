"""The object that a writer writes, and small parts, so that a little data is many of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final
from uuid import UUID

import attrs
import pytest

from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter

CONTENT_TYPE: Final = "text/csv; charset=utf-8"
#: The bytes of a part: the least of Google Cloud Storage, which takes only multiples of it.
PART_BYTES: Final = 256 * 1024
_MOST_PARTS = 5
_MOST_BLOCKS = 8
# An attempt has another key than every other, but a writer may also replace what is there.
_REPLACING = 0.3


@attrs.frozen
class Writing:
    """What is written under `key`, in `blocks`; `before` is what was there. It all follows from `seed`."""

    seed: str
    key: str
    before: bytes | None
    blocks: Sequence[bytes]
    #: How many blocks are written when the writer ends in the middle.
    stops_after: int

    @classmethod
    def of(cls, seed: str) -> Writing:
        """Return that of the seed."""
        random = Random(seed)
        job, attempt = UUID(int=random.getrandbits(128)), random.randint(1, 9)
        whole = random.randint(0, _MOST_PARTS) * PART_BYTES
        # None, exactly some parts, or a byte more or less; or anything.
        length = random.choice([whole, whole + 1, max(whole - 1, 0), random.randint(1, _MOST_PARTS * PART_BYTES)])
        data = random.randbytes(length)
        cuts = sorted(random.randint(0, length) for _ in range(random.randint(0, _MOST_BLOCKS - 1)))
        blocks = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, length], strict=True)]
        return cls(
            seed=seed,
            key=f"exports/{UUID(int=1)}/{job}/{attempt}/tickets.csv",
            before=random.randbytes(1_000) if random.random() < _REPLACING else None,
            blocks=blocks,
            stops_after=random.randint(0, len(blocks)),
        )

    @property
    def data(self) -> bytes:
        return b"".join(self.blocks)

    def write_some(self, writer: ObjectWriter) -> None:
        """Write the blocks before the end in the middle."""
        for block in self.blocks[: self.stops_after]:
            writer.write(block)

    def write_all(self, writer: ObjectWriter) -> None:
        """Write every block."""
        for block in self.blocks:
            writer.write(block)


def make_parts_small(patch: pytest.MonkeyPatch, storage: ExportStorage) -> None:
    """Let storages of that type send parts of `PART_BYTES`."""
    if hasattr(storage, "part_bytes"):
        patch.setattr(type(storage), "part_bytes", PART_BYTES)
    if storage.provider == "s3":
        # Amazon's smallest part is 5 MiB. Only smart-open and moto know that here.
        patch.setattr("smart_open.s3.MIN_PART_SIZE", PART_BYTES)
