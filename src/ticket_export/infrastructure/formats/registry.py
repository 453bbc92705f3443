"""The formats of the installed packages.

A package declares an entry point of the group ``ticket_export.format``. Its name is the name of the format, and its
value is a class that inherits `FileFormat`; see ``docs/how-to/add-a-file-format.md``. The library declares its own
formats so too.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.file_format import BOM, DELIMITER, HEADER, FileFormat, FormatOptions
from ticket_export.application.safe_text import listed, quoted
from ticket_export.errors import ConfigurationError, TicketExportError
from ticket_export.infrastructure.plugins import Plugins
from ticket_export.settings import FORMATS, Settings

_log = logging.getLogger(__name__)

#: The default, where the settings do not say otherwise.
_FIRST: Final = "csv"
_PLUGINS: Final = Plugins(FORMATS, "the format")
_NAME: Final = re.compile("[a-z][a-z0-9-]{0,30}")
# It goes into the names of files and into keys.
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,10}(\.[a-z0-9]{1,10})?")
_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[a-z0-9-]+)*")


def open_formats(settings: Settings) -> FileFormats:
    """Return the formats that the settings offer, by default every installed one; only these are imported.

    A broken package of a format that the settings do not name does not stop exports in other formats: the log has its
    error.

    Raises:
        ConfigurationError: a format that the settings name is not installed, or more than one package adds it, or that
            package is broken.
    """
    defaults = FormatOptions(
        delimiter=settings.csv_delimiter,
        bom=settings.csv_bom,
        header=settings.header,
        formula_guard=settings.formula_guard,
    )
    if settings.formats:
        return FileFormats(by_name={name: _format(name) for name in settings.formats}, defaults=defaults)
    usable: dict[str, type[FileFormat]] = {}
    unusable: dict[str, str] = {}
    for name in sorted(_PLUGINS.names(), key=lambda name: (name != _FIRST, name)):
        try:
            usable[name] = _format(name)
        except TicketExportError as error:
            _log.error("the format %s is not offered: %s", quoted(name), error)
            unusable[name] = str(error)
    return FileFormats(by_name=usable, defaults=defaults, unusable=unusable)


def _format(name: str) -> type[FileFormat]:
    entry_point = _PLUGINS.find(name)
    if entry_point is None:
        raise ConfigurationError(
            f"TICKET_EXPORT_FORMATS: no installed package adds the format {quoted(name)}; "
            f"known are {listed(_PLUGINS.names())}. For another one, install a package that has an entry point of that "
            f"name in the group {FORMATS}"
        )
    found = _PLUGINS.load(entry_point)
    # `issubclass` does not take a protocol.
    if not (isinstance(found, type) and FileFormat in found.__mro__):
        raise _PLUGINS.broken(entry_point, f"{entry_point.value} is not a class that inherits FileFormat")
    if missing := sorted(getattr(found, "__abstractmethods__", ())):
        raise _PLUGINS.broken(entry_point, f"{entry_point.value} has no {', '.join(missing)}")
    if wrong := wrong_declaration(found, entry_point.name):
        raise _PLUGINS.broken(entry_point, f"{entry_point.value}: {wrong}")
    return found


def wrong_declaration(found: type[FileFormat], declared_as: str) -> str | None:
    """Return what is wrong with what a format says of itself; None if nothing is.

    `declared_as` is the name of its entry point.
    """
    name, extension, content_type = (getattr(found, each, None) for each in ("name", "extension", "content_type"))
    if name != declared_as or not _NAME.fullmatch(str(name)):
        return f"its name is {name!r}; it must be the entry point's: lower-case letters, digits and '-'"
    if not _EXTENSION.fullmatch(str(extension)):
        return f"its extension is {extension!r}; use one such as '.html'"
    if not _CONTENT_TYPE.fullmatch(str(content_type)):
        return f"its content_type is {content_type!r}; use a media type such as 'text/html'"
    options: object = found.options
    if not isinstance(options, frozenset) or not options <= {BOM, DELIMITER, HEADER}:
        return f"its options are {options!r}; use a frozenset of {BOM!r}, {DELIMITER!r} and {HEADER!r}"
    is_packed: object = found.is_packed
    if not isinstance(is_packed, bool):
        return f"its is_packed is {is_packed!r}; it must be True or False"
    return None
