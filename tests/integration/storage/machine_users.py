"""Two users of a machine who share a folder through a group, and one who is not in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest

#: The group of the folder.
GROUP = 61_001


@attrs.frozen
class MachineUser:
    """A user by numbers, which no list of users must have."""

    user: int
    group: int
    groups: tuple[int, ...] = ()

    @contextmanager
    def acting(self, umask: int = 0o022) -> Iterator[None]:
        """Inside the block, the kernel treats the tests as this user."""
        if os.geteuid() != 0:
            pytest.skip("acting as another user needs root")
        before = os.umask(umask), os.getegid(), os.getgroups()
        os.setgroups(self.groups)
        os.setegid(self.group)
        os.seteuid(self.user)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(before[1])
            os.setgroups(before[2])
            os.umask(before[0])

    def become(self) -> None:
        """Let this process be of this user for ever."""
        os.setgroups(self.groups)
        os.setgid(self.group)
        os.setuid(self.user)


WORKER = MachineUser(61_002, 61_002, (GROUP,))
WEB = MachineUser(61_003, 61_003, (GROUP,))
OUTSIDER = MachineUser(61_004, 61_004)
