"""How long a stored error message may be."""

from __future__ import annotations

from typing import Final

#: Characters; a host's column may hold no more than 2,000.
MAX_ERROR_MESSAGE: Final = 1_000


def cut_message(message: str) -> str:
    """The message, with an ellipsis for what is beyond `MAX_ERROR_MESSAGE`."""
    return message if len(message) <= MAX_ERROR_MESSAGE else message[: MAX_ERROR_MESSAGE - 1] + "…"
