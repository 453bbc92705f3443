"""The bucket, container or server of a storage URL, and the prefix below it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlsplit

import attrs

from ticket_export.errors import ConfigurationError, InvalidKeyError
from ticket_export.infrastructure.storage.keys import MAX_KEY_LENGTH, check_key, is_key

#: The names of buckets and containers that all stores accept.
BUCKET: Final = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
#: A user of a server: ``user@host`` or ``user@host:port``.
USER_AT_SERVER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
#: An option of a URL that names the store's server: without user and query, which may be secrets.
ENDPOINT: Final = {
    "endpoint": re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*/?"),
}
_PORTS: Final = {"http": 80, "https": 443}


@attrs.frozen
class StoreLocation:
    """Everything below `prefix`, which is empty or ends with ``/``, in the bucket, container or server `store`.

    `options` are those behind the ``?`` of the URL.
    """

    scheme: str
    store: str
    prefix: str = ""
    options: Mapping[str, str] = attrs.field(factory=dict)

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        usage: str,
        store: re.Pattern[str] = BUCKET,
        options: Mapping[str, re.Pattern[str]] = ENDPOINT,
        endpoint: str | None = None,
    ) -> Self:
        """Return the location of a storage URL.

        `usage` is the form of a URL, such as ``azure://container/prefix``; its scheme is the only one. `store` is what
        the part between ``://`` and the next slash must match, and `options` has the names that may be behind the
        ``?``, with what their values must match. `endpoint` is that of a URL that names none.

        Raises:
            ConfigurationError: the URL is not valid; the text does not repeat it, since it may hold a password.
        """
        try:
            parts = urlsplit(url)
            _ = parts.port  # must be one
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
            for _, value in pairs:
                _ = urlsplit(value).port  # that of an endpoint
        except ValueError:
            # Without the cause, whose text may quote the URL.
            raise _no_location(usage, options) from None
        prefix = parts.path.removeprefix("/").removesuffix("/")
        is_whole = not (parts.fragment or "#" in url or url.endswith("?"))
        are_options = len(dict(pairs)) == len(pairs) and all(
            name in options and options[name].fullmatch(value) for name, value in pairs
        )
        is_known = parts.scheme == urlsplit(usage).scheme and store.fullmatch(parts.netloc) is not None
        if not (is_whole and are_options and is_known and (not prefix or is_key(prefix))):
            raise _no_location(usage, options)
        default = {} if endpoint is None else {"endpoint": endpoint}
        return cls(parts.scheme, parts.netloc, prefix and f"{prefix}/", default | dict(pairs))

    def place(self, endpoint_url: str | None = None) -> str:
        """Return the URL of the location, in the store at that endpoint if it must be named."""
        root = f"{self.scheme}://{self.store}/{self.prefix}".rstrip("/")
        return root if endpoint_url is None else f"{root}?endpoint={quote(canonical(endpoint_url), safe=':/[]')}"

    def name(self, key: str) -> str:
        """Return the name in the store of the object `key`.

        Raises:
            InvalidKeyError: `key` is not valid, or too long below this prefix.
        """
        check_key(key)
        name = self.prefix + key
        if len(name) > MAX_KEY_LENGTH:
            raise InvalidKeyError(f"with the storage's prefix, the key is longer than {MAX_KEY_LENGTH}")
        return name

    def key(self, name: str) -> str | None:
        """Return the key of the object of that name in the store; None if the library cannot have made it."""
        key = name.removeprefix(self.prefix)
        return key if name.startswith(self.prefix) and is_key(key) else None


def canonical(endpoint_url: str) -> str:
    """Return one spelling of the URLs that mean the same endpoint."""
    parts = urlsplit(endpoint_url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}{parts.path.rstrip('/')}"


def _no_location(usage: str, options: Mapping[str, re.Pattern[str]]) -> ConfigurationError:
    may_end = f". It may end with ?{'&'.join(f'{name}=…' for name in options)}" if options else ""
    return ConfigurationError(
        f"the storage URL cannot be used; use {usage}, with a prefix of ASCII letters, digits, '_', '-', '.' "
        f"and '/'{may_end}. Credentials come from the places of the store's driver, never from the URL"
    )
