"""The identity of a user of the host."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

#: The key of the host's users. All users of a container have keys of one of the three types, so `7` and `"7"` are two
#: keys, and never in one container.
UserId: TypeAlias = UUID | int | str
#: The type of the keys of all users of a container.
UserKeyType: TypeAlias = type[UUID] | type[int] | type[str]
