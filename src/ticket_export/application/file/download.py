"""A file to hand to a browser, and the headers that tell it to save it under a safe name."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from contextlib import AbstractContextManager
from typing import BinaryIO
from urllib.parse import quote

import attrs

#: The most bytes that common file systems allow a name.
MAX_NAME_BYTES = 255

# What a file system, or the shell of one, gives a meaning of its own.
_SPECIAL = re.compile(r'[/\\:*?"<>|]')
# Categories of characters that are not seen, or turn what stands beside them around.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What RFC 8187 lets stand for itself.
_ATTR_CHAR = "!#$&+-.^_`|~"
# Names of devices, to Windows, whatever follows them.
_DEVICE = re.compile(r"\A(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]|CONIN\$|CONOUT\$)(?=\.|$)", re.IGNORECASE)
_FALLBACK = "download"


def content_disposition(file_name: str) -> str:
    """``Content-Disposition`` of RFC 6266 for a file that is to be saved as `file_name`.

    A name beyond ASCII is given in two spellings: one that every browser reads, and the one of RFC 8187. Whatever
    could leave a folder, break the header or deceive a reader is replaced by ``_``; a name that is too long for a file
    system loses its middle.
    """
    name = safe_file_name(file_name)
    plain = _ascii(name)
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def safe_file_name(file_name: str) -> str:
    """`file_name`, or what is left of it, as one name in whatever folder the user chooses."""
    seen = "".join("_" if unicodedata.category(each) in _UNSEEN else each for each in file_name)
    # Leading dots hide a file, trailing ones and blanks get lost on Windows.
    name = _SPECIAL.sub("_", unicodedata.normalize("NFC", seen)).strip(". ")
    return _shortened(_DEVICE.sub("_", name)) or _FALLBACK


def _ascii(name: str) -> str:
    # "%" would be decoded by some browsers, see RFC 6266, appendix D.
    decomposed = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _SPECIAL.sub("_", decomposed).replace("%", "_").strip(". ") or _FALLBACK


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    # The end says what kind of file it is.
    stem, dot, suffix = name.partition(".") if name.find(".") >= len(name) - 16 else (name, "", "")
    end = dot + suffix
    return stem.encode()[: MAX_NAME_BYTES - len(end.encode())].decode(errors="ignore").rstrip(". ") + end


@attrs.frozen(kw_only=True)
class Download:
    """A file to hand to the user; `length` is in bytes.

    `stream` is a context manager, so that nothing is open until somebody reads; enter it once. Where the host's setting
    asks for links, `url` is one to the storage: who has it can download the file for some minutes, so the host
    redirects the browser there, keeps it out of its log, and reads no stream. `sha256` is the digest of the file in
    hexadecimal digits, if it is known.
    """

    file_name: str
    content_type: str
    length: int
    stream: AbstractContextManager[BinaryIO]
    url: str | None = attrs.field(default=None, repr=False)
    sha256: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What to send before the bytes of the stream: type, name (RFC 6266), length, and digest (RFC 9530).

        Nobody but the user may keep the answer, and no browser may guess another type.
        """
        headers = {
            "Content-Type": self.content_type,
            "Content-Disposition": content_disposition(self.file_name),
            "Content-Length": str(self.length),
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if self.sha256 is not None:
            headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(self.sha256)).decode()}:"
        return headers
