"""Turns of the threads that share the one connection."""

from __future__ import annotations

from threading import RLock
from typing import Final

#: The threads of a live server share the connection of a database in memory with the test.
TURN: Final = RLock()
