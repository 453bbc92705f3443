"""Asking whether what is sent still arrives."""

from __future__ import annotations

from collections.abc import Callable, Container
from math import inf
from time import monotonic
from typing import Final
from uuid import uuid4

# Seconds between two questions, and until an answer is not expected any more.
_EVERY, _PATIENCE = 30.0, 5.0
_PREFIX: Final = "echo "


class Echo:
    """A message to oneself, over the way that everybody's take.

    A pooler that lends its connections for a transaction accepts a LISTEN, and nothing ever arrives; and a network can
    be cut without a word.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._payload = f"{_PREFIX}{uuid4().hex}"
        self._sent_at = -inf
        self._is_awaited = False

    @staticmethod
    def is_one(payload: str) -> bool:
        """Whether it is somebody's message to themselves, and says nothing to others."""
        return payload.startswith(_PREFIX)

    @property
    def patience(self) -> float:
        """In how many seconds there is something to do."""
        return max(0.0, self._sent_at + (_PATIENCE if self._is_awaited else _EVERY) - monotonic())

    def call(self) -> None:
        """Send the message, if it is time.

        Raises:
            TimeoutError: the last one has not come back.
        """
        if self.patience > 0:
            return
        if self._is_awaited:
            raise TimeoutError(f"what was sent to the channel did not arrive within {_PATIENCE:g} s")
        self._send(self._payload)
        self._sent_at, self._is_awaited = monotonic(), True

    def is_among(self, payloads: Container[str]) -> bool:
        """Whether the message has come back."""
        if self._payload not in payloads:
            return False
        self._is_awaited = False
        return True
