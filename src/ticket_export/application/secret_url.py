"""A URL that may hold a password, and how it is shown."""

from __future__ import annotations

import re


class SecretUrl(str):
    """Goes wherever a text goes, whole; its ``repr``, as in a traceback's variables, shows no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(without_secrets(self))


def without_secrets(url: str) -> str:
    """The URL without its password and the values behind ``?`` and ``#``."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        # Such as user:password@host, or libpq's "host=… password=…".
        return "***"
    # Up to the last @: a password may hold any character that somebody forgot to escape.
    shown = re.sub(r"\A([^:/?#]*):.*@", r"\1:***@", rest, flags=re.DOTALL)
    return f"{scheme}://" + re.sub(r"([?#]).*", r"\1***", shown, count=1, flags=re.DOTALL)
