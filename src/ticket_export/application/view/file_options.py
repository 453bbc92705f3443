"""The file that a view asks for: its format and the options of that format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
from pydantic import field_validator

from ticket_export.application.safe_text import listed, most_alike, quoted
from ticket_export.application.view.payload_model import Location, PayloadModel, raise_problems, shown

DELIMITERS: Final = (",", ";", "\t")


def typed_delimiter(text: object) -> object:
    """Return a tab for ``tab`` and ``\\t``, which shells and variables can hold; anything else is returned as it is."""
    return "\t" if text in ("tab", "\\t") else text


class FileOptions(PayloadModel):
    """The format of the file and the options that the format takes.

    `format` is the name of a format that the host offers. CSV takes `delimiter` (``,``, ``;`` or a tab), `bom` (a byte
    order mark) and `header` (a row of labels), an Excel workbook takes `header`. None is the default of the settings;
    an option that the format does not take is None.
    """

    format: str | None = None
    delimiter: str | None = None
    bom: bool | None = None
    header: bool | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _format_is_text(cls, name: object) -> object:
        if name is not None and not isinstance(name, str):
            raise ValueError(f"must be text, not {shown(name)}")
        return name

    @field_validator("delimiter", mode="before")
    @classmethod
    def _delimiter_is_known(cls, delimiter: object) -> object:
        if delimiter is not None and delimiter not in DELIMITERS:
            raise ValueError(f'{shown(delimiter)} is not a delimiter; use "," or ";" or a tab ("\\t" in JSON)')
        return delimiter

    @field_validator("bom", "header", mode="before")
    @classmethod
    def _option_is_boolean(cls, value: object) -> object:
        if value is not None and not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {shown(value)}")
        return value


@attrs.frozen
class OfferedFormats:
    """The formats that a host offers: the options of each by its name, the default first; and default values."""

    options: Mapping[str, frozenset[str]]
    defaults: FileOptions

    def completed(self, asked: FileOptions) -> FileOptions:
        """Return the options with the defaults for what is None.

        Raises:
            ValidationError: the format is not offered, or does not take an option; with the place of each problem.
        """
        name = self._name(asked.format)
        taken = self.options[name]
        others = ("delimiter", "bom", "header")
        wrong: list[tuple[Location, ValueError]] = [
            ((option,), ValueError(f"the format {name} does not take this option"))
            for option in others
            if option not in taken and getattr(asked, option) is not None
        ]
        raise_problems(wrong)
        given = asked.model_dump(by_alias=False, exclude_none=True)
        values = {option: getattr(self.defaults, option) for option in taken} | given | {"format": name}
        return FileOptions.model_validate(values)

    def _name(self, asked: str | None) -> str:
        if asked is None:
            return next(iter(self.options))
        name = asked.lower()
        if name not in self.options:
            meant = most_alike(name, list(self.options))
            hint = f"did you mean {meant}?" if meant else f"offered are {listed(self.options)}"
            raise_problems([(("format",), ValueError(f"the format {quoted(asked)} is not offered; {hint}"))])
        return name
