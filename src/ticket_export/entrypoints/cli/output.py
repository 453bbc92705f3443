"""Writing to standard output and standard error, whatever they are connected to."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, TextIO

from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError
from ticket_export.entrypoints.cli.whole_output import output_errors, whole

_STANDARD_OUTPUT = "standard output"
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners and direction marks of ordinary text, which no terminal obeys, are of the same category.
_HARMLESS = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """`text` on one line, with what a terminal would obey instead of show written as an escape."""
    return "".join(_escaped(char) if _is_unprintable(char) else char for char in text)


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in _UNPRINTABLE and char not in _HARMLESS


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


@contextmanager
def whole_output() -> Iterator[None]:
    """Inside the block, all that is printed is written whole, or ends the command as `standard_output` says.

    That holds for what other libraries print, too. A character that the terminal's encoding lacks is written as an
    escape.
    """
    before = sys.stdout
    if not hasattr(before, "buffer"):
        yield  # closed from the start, or a text in memory
        return
    before.flush()
    stream = whole(before.buffer, _STANDARD_OUTPUT)
    sys.stdout = io.TextIOWrapper(stream, before.encoding, errors="backslashreplace", write_through=True)
    try:
        yield
    finally:
        sys.stdout = before


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Around printing to standard output, and around nothing else.

    Raises:
        ClosedOutputError: it is closed, or its reader has gone.
        CommandError: it cannot be written, for instance because a disk is full.
    """
    if sys.stdout is None:
        raise ClosedOutputError(f"{_STANDARD_OUTPUT} is closed: nothing was written")
    with output_errors(_STANDARD_OUTPUT):
        yield sys.stdout
        sys.stdout.flush()


def write_line(text: str = "") -> None:
    """One line, or several, to standard output.

    Raises:
        ClosedOutputError, CommandError: as `standard_output` does.
    """
    with standard_output():
        print(text)  # noqa: T201 - this is where printing happens


def write_summary(text: str) -> None:
    """A line about what a command has done. Where standard output is closed, the command has done it all the same.

    Raises:
        ClosedOutputError, CommandError: as `write_line` does, where standard output was open at the start.
    """
    if sys.stdout is not None:
        write_line(text)


def write_json(document: object) -> None:
    """A document to standard output, in ASCII, so that it is the same in every locale."""
    write_line(json.dumps(document, indent=2))


def write_note(text: str) -> None:
    """One line to standard error; if nobody can read it, the work goes on."""
    if sys.stderr is None:
        return  # closed by whoever started us; print() would turn to standard output, which is for data
    with suppress(OSError, ValueError):
        print(printable(text), file=sys.stderr, flush=True)  # noqa: T201


def write_error(text: str) -> None:
    """One problem, on one line, to standard error."""
    write_note(f"error: {text}")


@contextmanager
def binary_stdout() -> Iterator[BinaryIO]:
    """Standard output, for bytes.

    Raises:
        ClosedOutputError, CommandError: as `standard_output` does, before and after the block.
    """
    with standard_output() as text:
        stream = whole(text.buffer, _STANDARD_OUTPUT)
    yield stream
    stream.flush()
