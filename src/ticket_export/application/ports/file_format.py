"""The formats of files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Final, Protocol, Self, TypeAlias

import attrs

from ticket_export.application.view.ticket_column import TicketColumn

#: A cell, as the kind of its column says: `str` (text, choice, UUID or text id), `int` (id), `int`, `float` or
#: `Decimal` with its decimals as shown (number), `bool`, an aware `datetime` in the view's zone, in whole seconds
#: (date), or `date` (day). None is NULL. In every column a cell may also be a `str`, shown as it is: a stored value
#: that is not of that kind, or that Python's type cannot hold, such as ``infinity``.
Cell: TypeAlias = str | int | float | Decimal | datetime | date | None

#: The names of the options in a view's ``file``, which are also the names in `FormatOptions`.
DELIMITER: Final = "delimiter"
BOM: Final = "bom"
HEADER: Final = "header"


@attrs.frozen
class RowBlock:
    """Whole rows in the bytes of a format, and their number."""

    data: bytes
    rows: int


@attrs.frozen(kw_only=True)
class FormatOptions:
    """The options of one file; a format reads those that it takes.

    `delimiter` is between two cells. `bom` writes a UTF-8 byte order mark. `header` writes the labels of the columns.
    `formula_guard` guards texts in a format in which a spreadsheet could run them.
    """

    delimiter: str = ","
    bom: bool = True
    header: bool = True
    formula_guard: bool = True


class FileContainer(Protocol):
    """Makes one file out of the rows of a format. It is called from one thread at a time."""

    @abstractmethod
    def begin(self) -> bytes:
        """Return the bytes in front of the first row."""

    @abstractmethod
    def add(self, block: RowBlock) -> bytes:
        """Add rows in the bytes of `FileFormat.rows`; return the next bytes of the file, perhaps none."""

    @abstractmethod
    def end(self) -> bytes:
        """Return the rest of the file."""

    @property
    @abstractmethod
    def changes(self) -> Mapping[str, int]:
        """How many cells the format had to change so far, by the kind of change in camelCase; for the manifest."""


class FileFormat(Protocol):
    """A format with the options of one file. The same cells always become the same bytes.

    A plugin inherits this class or `PlainFormat`, and declares it as an entry point of the group
    ``ticket_export.format`` under its `name`.
    """

    #: The name in views and settings: lower-case letters, digits and ``-``.
    name: ClassVar[str]
    #: The end of a file's name, such as ``.csv``.
    extension: ClassVar[str]
    #: The media type.
    content_type: ClassVar[str]
    #: Whether its files are packed already; they ignore the compression of the settings.
    is_packed: ClassVar[bool] = False
    #: The names of the options that a view may give for it: `DELIMITER`, `BOM`, `HEADER`.
    options: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @abstractmethod
    def of(cls, options: FormatOptions, /) -> Self:
        """Return the format with these options."""

    @abstractmethod
    def rows(self, columns: Sequence[TicketColumn], cells: Sequence[Sequence[Cell]]) -> bytes:
        """Return whole rows, each with one cell for each column; no bytes for no rows.

        Rows do not depend on those in front of them: ``rows(a + b) == rows(a) + rows(b)``.
        """

    @abstractmethod
    def container(self, columns: Sequence[TicketColumn]) -> FileContainer:
        """Return the container of one file."""
