"""The end of a file's name, which says to programs and people what the file is."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.entrypoints.cli.output.standard_streams import printable, write_note
from ticket_export.settings import FORMATS

_COMPRESSED: Final = frozenset({".gz", ".zst"})
_TEXTS: Final = frozenset({".csv", ".ndjson"})
# A shell has opened them, under names that the command does not know.
_DESCRIPTORS: Final = ("/dev/std", "/dev/fd/", "/proc/")
_OF_ONE_KIND: Final = _COMPRESSED | _TEXTS | {".xlsx"}


def format_of_name(formats: FileFormats, name: str) -> str | None:
    """Return the name of the format that the end of a file's name means; None if it means none.

    The format may be one that is installed but not offered, so that the request refuses it. The end of a compression
    behind that of the format has no meaning here: a setting decides about it.
    """
    endings = {each.extension: format_name for format_name, each in formats.by_name.items()}
    *others, last = ["", *Path(name.lower()).suffixes]
    ending = others[-1] if others and last in _COMPRESSED else last
    if ending in endings:
        return endings[ending]
    installed = entry_points(group=FORMATS).names
    return ending[1:] if ending[1:] in installed else None


def note_ending(written: str, name: str) -> None:
    """Write a note if the end of `name` hides what the file is, which the storage calls `written`.

    A text may have any end, except that of another kind of file.
    """
    ending = Path(written).suffix
    if name == "-" or name.startswith(_DESCRIPTORS) or not Path(name).is_file() or name.lower().endswith(ending):
        return
    if ending not in _TEXTS or Path(name).suffix.lower() in _OF_ONE_KIND:
        write_note(f"the name of {printable(name)} should end with {ending}, which is the kind of this file")
