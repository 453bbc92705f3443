"""From an error to an exit code and the lines that say what was wrong and where."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import attrs
from typer import TyperException

from ticket_export.errors import (
    ConfigurationError,
    ExportNotFoundError,
    InvalidPayloadError,
    NotPermittedError,
    TicketExportError,
)


class ExitCode(IntEnum):
    """How a command ended, for the shell."""

    #: It did what was asked.
    OK = 0
    #: An export failed or has no file, the output is not whole, or something else went wrong on the way.
    FAILED = 1
    #: What was typed, or is configured, cannot work.
    BAD_INPUT = 2
    #: The user may not do that.
    NOT_PERMITTED = 3
    #: No such export, or somebody else's.
    NOT_FOUND = 4
    #: Ctrl-C (128 + SIGINT).
    INTERRUPTED = 130


class CommandError(Exception):
    """Ends a command with one line and an exit code."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        self.exit_code = exit_code
        super().__init__(message)


class BadInputError(CommandError):
    """Something typed that cannot work: `where` is the option."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}", ExitCode.BAD_INPUT)


class ClosedOutputError(Exception):
    """The reader of the output has closed it, as ``head`` does when it has enough. The output is not whole."""


@attrs.frozen
class Ending:
    """An exit code and what is said, one problem a line."""

    exit_code: int
    lines: Sequence[str] = ()


_EXIT_CODES: tuple[tuple[type[TicketExportError], ExitCode], ...] = (
    (NotPermittedError, ExitCode.NOT_PERMITTED),
    (ExportNotFoundError, ExitCode.NOT_FOUND),
    (ConfigurationError, ExitCode.BAD_INPUT),
    (TicketExportError, ExitCode.FAILED),
)


def foreseen_ending(error: Exception) -> Ending | None:
    """What an error means to whoever typed the command; None for one that nobody thought of."""
    if isinstance(error, InvalidPayloadError):
        return Ending(ExitCode.BAD_INPUT, error.problems)
    if isinstance(error, CommandError):
        return Ending(error.exit_code, [str(error)])
    if isinstance(error, TyperException):
        return Ending(error.exit_code, [error.format_message()])
    for kind, exit_code in _EXIT_CODES:
        if isinstance(error, kind):
            return Ending(exit_code, [str(error)])
    return None


def unforeseen_ending(error: Exception) -> Ending:
    """The kind of an error that nobody thought of. Its text may hold anything, a path or a password too."""
    return Ending(ExitCode.FAILED, [f"unexpected {type(error).__name__} (ticket-export --debug COMMAND shows where)"])
