"""The kinds of files as people name them: each is a format with the options that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from ticket_export.application.dto import FormatDto
from ticket_export.entrypoints.web.pages.language import msgid


@attrs.frozen(kw_only=True)
class FilePreset:
    """A kind of file: `value` is sent by the form; `label` and `hint` are texts that a language translates.

    `delimiter` is None if the format takes none, or has its default. A plugin's format is shown by its name, which no
    language knows.
    """

    value: str
    format: str
    label: str
    hint: str
    delimiter: str | None = None


_CSV: Final = (
    FilePreset(
        value="csv",
        format="csv",
        delimiter=",",
        label=msgid("CSV"),
        hint=msgid("Separated by commas, for most programs"),
    ),
    FilePreset(
        value="csv;",
        format="csv",
        delimiter=";",
        label=msgid("CSV for German Excel"),
        hint=msgid("Separated by semicolons, for Excel in German, French and other languages that write 1,5"),
    ),
    FilePreset(
        value="csv\t",
        format="csv",
        delimiter="\t",
        label=msgid("CSV with tabs"),
        hint=msgid("Separated by tabs, for pasting into a table"),
    ),
)
_OTHERS: Final = {
    "csv": FilePreset(value="csv", format="csv", label=msgid("CSV"), hint=msgid("For most programs")),
    "xlsx": FilePreset(
        value="xlsx",
        format="xlsx",
        label=msgid("Excel workbook"),
        hint=msgid("Opens in Excel, LibreOffice and Google Sheets"),
    ),
    "ndjson": FilePreset(
        value="ndjson",
        format="ndjson",
        label=msgid("JSON lines"),
        hint=msgid("For programs; one ticket a line"),
    ),
}


def presets_of(formats: Sequence[FormatDto], delimiter: str) -> tuple[FilePreset, ...]:
    """Return the kinds of files that the offered formats can be.

    First comes the default format with its default `delimiter`, then the one that people want most.
    """
    presets = [preset for each in formats for preset in _presets(each)]
    first = preset_for(formats[0].name, delimiter, presets) if formats else None
    rank = {"xlsx": 1, "csv": 2}
    return tuple(sorted(presets, key=lambda each: 0 if each == first else rank.get(each.format, 3)))


def _presets(offered: FormatDto) -> Iterator[FilePreset]:
    if offered.name == "csv" and "delimiter" in offered.options:
        yield from _CSV
    else:
        plugin = FilePreset(value=offered.name, format=offered.name, label=offered.name.upper(), hint="")
        yield _OTHERS.get(offered.name, plugin)


def preset_for(format_name: str, delimiter: str | None, presets: Iterable[FilePreset]) -> FilePreset | None:
    """Return the kind of file that this format and delimiter are, or None."""
    of_format = [each for each in presets if each.format == format_name]
    return next((each for each in of_format if each.delimiter == delimiter), of_format[0] if of_format else None)
