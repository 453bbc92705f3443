"""The header that tells a browser to save a file, and under which name."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

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
