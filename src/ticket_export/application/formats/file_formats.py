"""The formats that a host offers, and the format of one file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs

from ticket_export.application.ports.file_format import FileFormat, FormatOptions
from ticket_export.application.view.file_options import FileOptions, OfferedFormats


@attrs.frozen(kw_only=True, slots=False)
class FileFormats:
    """The offered formats by name, the default first; `defaults` has the options that a view leaves out."""

    by_name: Mapping[str, type[FileFormat]]
    defaults: FormatOptions = attrs.field(factory=FormatOptions)

    @cached_property
    def offered(self) -> OfferedFormats:
        """What a view may ask for."""
        values = FileOptions(delimiter=self.defaults.delimiter, bom=self.defaults.bom, header=self.defaults.header)
        return OfferedFormats({name: each.options for name, each in self.by_name.items()}, values)

    def of(self, asked: FileOptions | None) -> FileFormat:
        """Return the format of a file with these options.

        Raises:
            ValidationError: the format is not offered, or does not take an option.
        """
        file = self.offered.completed(asked or FileOptions())
        given = {name: getattr(file, name) for name in self.by_name[file.format or ""].options}
        return self.by_name[file.format or ""].of(attrs.evolve(self.defaults, **given))
