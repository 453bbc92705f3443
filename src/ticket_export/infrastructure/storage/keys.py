"""Which keys an object may have. Every storage adapter checks its keys here.

The library makes keys itself (``exports/<job id>/<attempt>/<file name>``), so the rule is narrow on purpose:
one to many segments of ASCII letters, digits, ``_``, ``-`` and ``.``, none beginning with a dot, joined by ``/``.
What is left out is everything that could leave a root or mean two things on two systems: absolute paths, ``..``,
``.``, empty segments, backslashes, drive letters and other colons, control characters, and letters that a file
system may fold into another.
"""

from __future__ import annotations

import re

from ticket_export.application.safe_text import quoted
from ticket_export.errors import InvalidKeyError

#: The longest key, which is S3's limit ("Creating object key names").
MAX_KEY_LENGTH = 1024
#: The longest segment, which is NAME_MAX of the common file systems.
MAX_SEGMENT_LENGTH = 255

_SEGMENT = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,{MAX_SEGMENT_LENGTH - 1}}}")


def is_segment(name: str) -> bool:
    """Whether `name` may stand between two slashes of a key."""
    return _SEGMENT.fullmatch(name) is not None


def check_key(key: str) -> None:
    """Accept an object's key.

    Raises:
        InvalidKeyError: it is none.
    """
    if len(key) > MAX_KEY_LENGTH or not all(is_segment(name) for name in key.split("/")):
        raise _refusal("key", key)


def check_prefix(prefix: str) -> None:
    """Accept the beginning of a key: the empty one, whole segments, or some with part of the next.

    Raises:
        InvalidKeyError: no key begins like that.
    """
    *whole, begun = prefix.split("/")
    if len(prefix) > MAX_KEY_LENGTH or not all(is_segment(name) for name in (*whole, begun or "_")):
        raise _refusal("prefix", prefix)


def _refusal(what: str, text: str) -> InvalidKeyError:
    return InvalidKeyError(
        f"{quoted(text)} is no storage {what}: it needs segments of ASCII letters, digits, '_', '-' and '.' joined "
        f"by '/', none beginning with '.', none longer than {MAX_SEGMENT_LENGTH}, {MAX_KEY_LENGTH} in all"
    )
