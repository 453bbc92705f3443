"""What "in any letter case" means, wherever texts are compared."""

from __future__ import annotations


def fold(text: str) -> str:
    """`text` in lower case, with one small sigma.

    Greek writes a sigma at a word's end as another letter, so that a word in lower case would not be
    found at the start of a longer one.
    """
    return text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")
