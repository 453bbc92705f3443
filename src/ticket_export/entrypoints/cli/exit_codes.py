"""How a command ends: its exit code, and the lines that say what is wrong and where."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from typer import TyperException

from ticket_export.errors import (
    ConfigurationError,
    ExportNotFoundError,
    InvalidPayloadError,
    NotPermittedError,
    SchemaMismatchError,
    TicketExportError,
)


class ExitCode(IntEnum):
    """The exit code of a command."""

    #: The command did its work.
    OK = 0
    #: An export failed or has no file, the output is incomplete, or another error occurred.
    FAILED = 1
    #: An argument or a setting cannot work.
    BAD_INPUT = 2
    #: The user lacks the permission.
    NOT_PERMITTED = 3
    #: There is no such export, or it is another user's.
    NOT_FOUND = 4
    #: Ctrl-C (128 + SIGINT).
    INTERRUPTED = 130


class CommandError(Exception):
    """Ends a command with an exit code and its problems, one a line; usually one."""

    def __init__(self, *problems: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        self.exit_code = exit_code
        self.problems = problems
        super().__init__(*problems)


class BadInputError(CommandError):
    """An option or argument, `where`, that cannot work."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}", exit_code=ExitCode.BAD_INPUT)


class ClosedOutputError(Exception):
    """The reader of the output has closed it, as ``head`` does when it has enough. The output is incomplete."""


class Ending(NamedTuple):
    """An exit code and its problems, one a line."""

    exit_code: int
    lines: Sequence[str] = ()


_EXIT_CODES: tuple[tuple[type[TicketExportError], ExitCode], ...] = (
    (NotPermittedError, ExitCode.NOT_PERMITTED),
    (ExportNotFoundError, ExitCode.NOT_FOUND),
    (ConfigurationError, ExitCode.BAD_INPUT),
    (TicketExportError, ExitCode.FAILED),
)


def foreseen_ending(error: Exception) -> Ending | None:
    """Return the ending for an error that the library or the command line raises on purpose; None for any other."""
    if isinstance(error, InvalidPayloadError):
        return Ending(ExitCode.BAD_INPUT, error.problems)
    if isinstance(error, SchemaMismatchError):
        return Ending(ExitCode.BAD_INPUT, error.differences)
    if isinstance(error, CommandError):
        return Ending(error.exit_code, error.problems)
    if isinstance(error, TyperException):
        return Ending(error.exit_code, [error.format_message()])
    for kind, exit_code in _EXIT_CODES:
        if isinstance(error, kind):
            return Ending(exit_code, [str(error)])
    return None


def unforeseen_ending(error: Exception, tracing: str) -> Ending:
    """Return an ending that names the type of any other error. Its text may hold a path or a password.

    `tracing` says how to see where the error comes from.
    """
    return Ending(ExitCode.FAILED, [f"unexpected {type(error).__name__} ({tracing})"])
