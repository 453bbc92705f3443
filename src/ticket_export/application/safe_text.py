"""User text: which can be stored, and how a message shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import accumulate
from typing import Final

# Characters of a list of names in a message.
_LISTED: Final = 200
# Comparing is slow: there is no suggestion for a longer name, or among more similar names.
_COMPARED, _LONGEST_COMPARED = 20, 60


def require_storable(text: str) -> None:
    """Refuse characters that no database text can hold: NUL and lone surrogates.

    Raises:
        ValueError: with the kind of character.
    """
    if "\x00" in text:
        raise ValueError("holds a NUL character, which no text can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is not a character") from None


def quoted(text: str) -> str:
    """Return a user's text for a message: short, in ASCII, on one line.

    No surrogate or control character can break a terminal or a log.
    """
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def escaped(text: str) -> str:
    """Return a whole text in ASCII and without control characters, such as one that another program has written."""
    return ascii(text)[1:-1]


def listed(names: Iterable[str]) -> str:
    """Return the first names for a message, and the number of the others."""
    every = list(names)
    sizes = accumulate(len(name) + 2 for name in every)
    shown = max(1, sum(size <= _LISTED for size in sizes))
    more = f" and {len(every) - shown:,} more" if shown < len(every) else ""
    return ", ".join(every[:shown]) + more


def most_alike(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` was probably meant to be, or None."""
    if len(name) > _LONGEST_COMPARED:
        return None
    typed = name.lower()
    near = {each.lower(): each for each in names if each[:1].lower() == typed[:1] and abs(len(each) - len(typed)) <= 2}
    found = get_close_matches(typed, near, n=1, cutoff=0.75) if len(near) <= _COMPARED else ()
    return near[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], *, shown: Callable[[str], str] = str) -> str:
    """Return the end of a message about an unknown name: the most similar of `names`, or all of them."""
    known = sorted(names)
    found = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {shown(found[0])}?" if found else f"known are {', '.join(map(shown, known))}"
