"""The names of files that are being written: no key has them, and each begins with the beginning of its key."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

# Stands for the slash: a character that is in no key. The names of older versions have none.
_SLASH: Final = "+"
_KEY_PART: Final = 200


def partial_name(key: str) -> str:
    """Return a new name for the unfinished file of `key`, one segment of at most 255 characters."""
    return f"{_begun(key)}{_SLASH}{uuid4().hex}"


def is_partial_below(prefix: str, name: str) -> bool:
    """Whether a file of that name may be an unfinished object whose key begins with `prefix`."""
    return _SLASH not in name or name.startswith(_begun(prefix))


def _begun(key: str) -> str:
    return key[:_KEY_PART].replace("/", _SLASH)
