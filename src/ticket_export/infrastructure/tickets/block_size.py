"""How much a reader gives at a time."""

from __future__ import annotations

from typing import Final

#: Bytes of a block, as near as a reader can come to it: enough that the calls between blocks do not count, few enough
#: to stay small however long a ticket's texts are.
BLOCK_BYTES: Final = 128 * 1024
