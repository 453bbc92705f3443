"""Text that users typed: which of it can be stored, and how it may stand in a message."""

from __future__ import annotations


def require_storable(text: str) -> None:
    """Refuse what no database text can hold: NUL and lone surrogates.

    Raises:
        ValueError: saying which.
    """
    if "\x00" in text:
        raise ValueError("holds a NUL character, which no text can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no character") from None


def quoted(text: str) -> str:
    """A user's text as it may stand in a message: short, in ASCII, on one line.

    No stray surrogate or control character can break a terminal or a log.
    """
    return ascii(text if len(text) <= 60 else text[:57] + "...")
