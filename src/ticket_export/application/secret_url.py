"""A URL that may hold a password, and its safe form."""

from __future__ import annotations

import re


class SecretUrl(str):
    """A text whose ``repr``, as in the variables of a traceback, shows no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(without_secrets(self))


def without_secrets(url: str) -> str:
    """Return the URL without its password and the values behind ``?`` and ``#``."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        # Such as user:password@host, or libpq's "host=… password=…".
        return "***"
    # Up to the last @, because a password may hold characters that should have been escaped.
    shown = re.sub(r"\A([^:/?#]*):.*@", r"\1:***@", rest, flags=re.DOTALL)
    return f"{scheme}://" + re.sub(r"([?#]).*", r"\1***", shown, count=1, flags=re.DOTALL)
