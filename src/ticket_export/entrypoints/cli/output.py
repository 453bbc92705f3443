"""Writing to standard output and standard error, whatever they are connected to."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def prepare_output() -> None:
    """Let no character that the terminal's encoding lacks end a command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write_line(text: str = "") -> None:
    """One line, or several, to standard output.

    Raises:
        ClosedOutputError: nobody reads it any more.
        CommandError: it cannot be written, for instance because a disk is full.
    """
    with output_errors("standard output"):
        print(text, flush=True)  # noqa: T201 - this is where printing happens


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
    """Standard output, for bytes."""
    if sys.stdout is None:
        raise ClosedOutputError
    sys.stdout.flush()
    yield sys.stdout.buffer
    with output_errors("standard output"):
        sys.stdout.buffer.flush()


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Around writing to `name`, and to nothing else.

    Raises:
        ClosedOutputError, CommandError: as `write_line` does.
    """
    try:
        yield
    except BrokenPipeError:
        raise ClosedOutputError from None
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}") from error


def discard_output() -> None:
    """Point standard output nowhere, or Python would complain of it once more on its way out."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
