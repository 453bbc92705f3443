"""The formats that a host offers, and the format of one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, warning
from ticket_export.application.ports.file_format import FileFormat, FormatOptions
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.safe_text import quoted
from ticket_export.application.view.file_options import FileOptions, OfferedFormats


@attrs.frozen(kw_only=True, slots=False)
class FileFormats(SupportsCheck):
    """The offered formats by name, the default first; `defaults` has the options that a view leaves out.

    `unusable` says of each installed format that is not offered because its package is broken what is wrong with it.
    """

    by_name: Mapping[str, type[FileFormat]]
    defaults: FormatOptions = attrs.field(factory=FormatOptions)
    unusable: Mapping[str, str] = attrs.field(factory=dict)

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`."""
        for name, why in self.unusable.items():
            remedy = "mend or uninstall that package, or name the formats to offer in TICKET_EXPORT_FORMATS"
            yield warning("formats", f"{quoted(name)} is not offered: {why}", remedy)

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
