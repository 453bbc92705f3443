"""The valid keys of objects. Every storage adapter checks its keys, and where a reader begins, here.

The library makes the keys itself (``exports/<job id>/<attempt>/<file name>``), so the rule is strict: one or more
segments of ASCII letters, digits, ``_``, ``-`` and ``.``, joined by ``/``; no segment begins with a dot. A key cannot
leave a root or mean two objects on two systems: it has no absolute path, ``..``, ``.``, empty segment, backslash, colon
or control character, and no letter that a file system may fold into another.
"""

from __future__ import annotations

import re

from ticket_export.application.safe_text import quoted
from ticket_export.errors import InvalidKeyError

#: The longest key: the limit of S3 ("Creating object key names").
MAX_KEY_LENGTH = 1024
#: The longest segment: NAME_MAX of the common file systems.
MAX_SEGMENT_LENGTH = 255

_SEGMENT = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,{MAX_SEGMENT_LENGTH - 1}}}")


def is_segment(name: str) -> bool:
    """Whether `name` is a valid segment of a key."""
    return _SEGMENT.fullmatch(name) is not None


def check_key(key: str) -> None:
    """Check an object's key.

    Raises:
        InvalidKeyError: the key is not valid.
    """
    if not is_key(key):
        raise _refusal("key", key)


def is_key(text: str) -> bool:
    """Whether `text` is a valid key."""
    return len(text) <= MAX_KEY_LENGTH and all(is_segment(name) for name in text.split("/"))


def check_prefix(prefix: str) -> None:
    """Check the beginning of a key: empty, whole segments, or segments with a part of the next one.

    Raises:
        InvalidKeyError: no valid key begins so.
    """
    *whole, begun = prefix.split("/")
    if len(prefix) > MAX_KEY_LENGTH or not all(is_segment(name) for name in (*whole, begun or "_")):
        raise _refusal("prefix", prefix)


def check_start(start: int) -> None:
    """Check the number of the byte at which a reader begins.

    Raises:
        ValueError: the number is negative.
    """
    if start < 0:
        raise ValueError(f"a file cannot be read from byte {start} on; the first byte is 0")


def _refusal(what: str, text: str) -> InvalidKeyError:
    return InvalidKeyError(
        f"{quoted(text)} is not a storage {what}: use segments of ASCII letters, digits, '_', '-' and '.', joined by "
        f"'/', none beginning with '.', none longer than {MAX_SEGMENT_LENGTH}, at most {MAX_KEY_LENGTH} in all"
    )
