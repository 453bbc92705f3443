"""The two files that the pages load, each with a hash of its content for the address."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import attrs

_FOLDER: Final = Path(__file__).parent / "static"


@attrs.frozen
class StaticFile:
    """A file, and the first characters of the hash of its content: another content has another address."""

    name: str
    content_type: str
    content: bytes
    version: str


def _file(name: str, content_type: str) -> StaticFile:
    content = (_FOLDER / name).read_bytes()
    return StaticFile(name, content_type, content, sha256(content).hexdigest()[:16])


#: By name.
STATIC_FILES: Final = {
    file.name: file
    for file in (
        _file("ticket-export.js", "text/javascript; charset=utf-8"),
        _file("ticket-export.css", "text/css; charset=utf-8"),
    )
}
