"""How much of something is done."""

from __future__ import annotations


def amount_text(done: int, total: int | None, unit: str) -> str:
    """``1,000 of 5,000 rows``; nothing while the total is not known."""
    return "" if total is None else f"{done:,} of {total:,} {unit}"
