"""Writing to standard output and standard error, also where they are closed or full."""

from __future__ import annotations

import io
import json
import logging
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, TextIO

from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError
from ticket_export.entrypoints.cli.output.json_lines import json_stderr, plain_record
from ticket_export.entrypoints.cli.output.whole_output import output_errors, whole

_STANDARD_OUTPUT = "standard output"
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners of ordinary text are of the same category; a terminal does not act on them.
_HARMLESS = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """Return `text` on one line; characters that control a terminal become escapes."""
    return "".join(ascii(char)[1:-1] if _is_unprintable(char) else char for char in text)


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in _UNPRINTABLE and char not in _HARMLESS


@contextmanager
def whole_output() -> Iterator[None]:
    """Inside the block, everything that is printed is written whole, or ends the command as in `standard_output`.

    This includes what other libraries print. A character that the terminal's encoding lacks becomes an escape.
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
    """Return standard output; the block prints to it and does nothing else.

    Raises:
        ClosedOutputError: it is closed, or its reader has closed it.
        CommandError: it cannot be written, for example because the disk is full.
    """
    if sys.stdout is None:
        raise ClosedOutputError(f"{_STANDARD_OUTPUT} is closed: nothing was written")
    with output_errors(_STANDARD_OUTPUT):
        yield sys.stdout
        sys.stdout.flush()


def write_line(text: str = "") -> None:
    """Write one line, or several, to standard output.

    Raises:
        ClosedOutputError, CommandError: as `standard_output` does.
    """
    with standard_output():
        print(text)  # noqa: T201 - the command line prints here


def write_summary(text: str) -> None:
    """Write a line about finished work. Where standard output is closed, the work is done all the same.

    Raises:
        ClosedOutputError, CommandError: as `write_line` does, where standard output was open at the start.
    """
    if sys.stdout is not None:
        write_line(text)


def write_json(document: object) -> None:
    """Write a document to standard output, in ASCII, so that it is the same in every locale."""
    write_line(json.dumps(document, indent=2))


def write_note(
    text: str, *, level: int = logging.INFO, job_id: str | None = None, error: BaseException | None = None
) -> None:
    """Write one line to standard error; an error there does not end the command.

    `level`, `job_id` and `error` are fields of the line where lines are JSON.
    """
    if sys.stderr is None:
        return  # closed from the start; print() would write to standard output, which is for data
    with suppress(OSError, ValueError):
        if (lines := json_stderr()) is not None:
            lines.write_record(plain_record(text, level, job_id=job_id, error=error))
            return
        # Text and end of the line at once, since other threads write too.
        sys.stderr.write(f"{printable(text)}\n")
        sys.stderr.flush()


def write_error(text: str, error: BaseException | None = None) -> None:
    """Write one problem, on one line, to standard error."""
    write_note(text if json_stderr() else f"error: {text}", level=logging.ERROR, error=error)


@contextmanager
def binary_stdout() -> Iterator[BinaryIO]:
    """Return standard output, for bytes.

    Raises:
        ClosedOutputError, CommandError: as `standard_output` does, before and after the block.
    """
    with standard_output() as text:
        stream = whole(text.buffer, _STANDARD_OUTPUT)
    yield stream
    stream.flush()
