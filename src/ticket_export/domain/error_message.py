"""The length limit of a stored error message."""

from __future__ import annotations

from typing import Final

#: Characters; a host's column may hold no more than 2,000.
MAX_ERROR_MESSAGE: Final = 1_000


def cut_message(message: str) -> str:
    """Return the message, cut to `MAX_ERROR_MESSAGE` with an ellipsis at its end."""
    return message if len(message) <= MAX_ERROR_MESSAGE else message[: MAX_ERROR_MESSAGE - 1] + "…"
