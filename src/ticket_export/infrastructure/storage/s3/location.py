"""The bucket and the prefix of ``s3://bucket/prefix``, and how they are reached."""

from __future__ import annotations

import re
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlsplit

import attrs

from ticket_export.errors import ConfigurationError, InvalidKeyError
from ticket_export.infrastructure.storage.keys import MAX_KEY_LENGTH, check_key

# "General purpose bucket naming rules" of Amazon's user guide.
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}")
_OPTIONS: Final = {"endpoint", "region", "profile"}
_PORTS: Final = {"http": 80, "https": 443}


@attrs.frozen
class S3Location:
    """Everything below `prefix`, which is empty or ends with ``/``, in `bucket`.

    `endpoint`, `region` and `profile` are those of the URL. None means that the URL leaves it to the settings or to
    boto3; an empty `endpoint` is Amazon's.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the location of a storage URL.

        Raises:
            ConfigurationError: the URL is not valid; the text does not repeat it, since it may hold a password.
        """
        try:
            parts = urlsplit(url)
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
        except ValueError:
            # Without the cause, whose text may quote the URL.
            raise _no_location() from None
        prefix = parts.path.removeprefix("/").removesuffix("/")
        is_known = not (parts.fragment or "#" in url or url.endswith("?")) and _are_options(pairs)
        if parts.scheme != "s3" or not is_known or not _BUCKET.fullmatch(parts.netloc) or not _is_folder(prefix):
            raise _no_location()
        return cls(parts.netloc, prefix and f"{prefix}/", **dict(pairs))

    def place(self, endpoint_url: str | None) -> str:
        """Return the URL of the location in the store at that endpoint, Amazon's if it is None."""
        root = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        return root if endpoint_url is None else f"{root}?endpoint={quote(_canonical(endpoint_url), safe=':/[]')}"

    def object_key(self, key: str) -> str:
        """Return the name in the bucket of the object `key`.

        Raises:
            InvalidKeyError: `key` is not valid, or too long below this prefix.
        """
        check_key(key)
        name = self.prefix + key
        if len(name) > MAX_KEY_LENGTH:
            raise InvalidKeyError(f"with the storage's prefix, the key is longer than {MAX_KEY_LENGTH}")
        return name

    def key(self, name: str) -> str | None:
        """Return the key of the object of that name in the bucket; None if the library cannot have made it."""
        key = name.removeprefix(self.prefix)
        try:
            check_key(key)
        except InvalidKeyError:
            return None
        return key


def _are_options(pairs: list[tuple[str, str]]) -> bool:
    options = dict(pairs)
    return (
        len(options) == len(pairs)
        and options.keys() <= _OPTIONS
        and _REGION.fullmatch(options.get("region", "none")) is not None
        and bool(options.get("profile", "none"))
    )


def _canonical(endpoint_url: str) -> str:
    """Return one spelling of the URLs that mean the same endpoint."""
    parts = urlsplit(endpoint_url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}{parts.path.rstrip('/')}"


def _is_folder(prefix: str) -> bool:
    try:
        check_key(prefix or "none")
    except InvalidKeyError:
        return False
    return True


def _no_location() -> ConfigurationError:
    return ConfigurationError(
        "the storage URL is not an S3 storage; use s3://bucket or s3://bucket/prefix, with a prefix of ASCII letters, "
        "digits, '_', '-', '.' and '/'. It may end with ?endpoint=…, region=… and profile=…, joined by '&'. "
        "Credentials come from the places of boto3, never from the URL"
    )
