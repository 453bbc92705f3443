"""The formats of the installed packages.

A package declares an entry point of the group ``ticket_export.format``. Its name is the name of the format, and its
value is a class that inherits `FileFormat`. The library declares its own formats so too.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.file_format import FileFormat, FormatOptions
from ticket_export.application.safe_text import listed, quoted
from ticket_export.errors import ConfigurationError
from ticket_export.settings import FORMATS, Settings

#: The default, where the settings do not say otherwise.
_FIRST: Final = "csv"


def open_formats(settings: Settings) -> FileFormats:
    """Return the formats that the settings offer, by default every installed one.

    Raises:
        ConfigurationError: an offered format is not installed, or the package that adds it is broken.
    """
    installed = {each.name: each for each in entry_points(group=FORMATS)}
    names = settings.formats or sorted(installed, key=lambda name: (name != _FIRST, name))
    unknown = [name for name in names if name not in installed]
    if unknown:
        raise ConfigurationError(
            f"TICKET_EXPORT_FORMATS: no installed package adds the format {quoted(unknown[0])}; "
            f"known are {listed(sorted(installed))}"
        )
    defaults = FormatOptions(
        delimiter=settings.csv_delimiter,
        bom=settings.csv_bom,
        header=settings.header,
        formula_guard=settings.formula_guard,
    )
    return FileFormats(by_name={name: _loaded(installed[name]) for name in names}, defaults=defaults)


def _loaded(entry_point: EntryPoint) -> type[FileFormat]:
    found: object = entry_point.load()
    # `issubclass` does not take a protocol.
    if not (isinstance(found, type) and FileFormat in found.__mro__):
        raise ConfigurationError(f"the format {quoted(entry_point.name)}: {entry_point.value} is not a FileFormat")
    return found
