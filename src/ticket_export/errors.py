"""Every error that ticket-export raises on purpose.

::

    TicketExportError
    ├── InvalidTransitionError      (ValueError)       a job or task was moved against its lifecycle
    ├── UnknownDeveloperNameError   (LookupError)      no status or permission has that developer name
    ├── InvalidPayloadError         (ValueError)       a view that cannot be exported; lists every problem
    ├── NotPermittedError           (PermissionError)  the actor lacks the right
    ├── ExportNotFoundError         (LookupError)      no such export, or one the actor may not see
    ├── TooManyExportsError                            the actor has as many active exports as anybody may
    ├── DownloadUnavailableError
    │   ├── ExportNotReadyError                        the export has no file: queued, running or failed
    │   └── ExportExpiredError                         the file's retention is over
    ├── ExportFailure                                  what ends a running export; the message is safe to show
    │   ├── TicketSourceError                          the tickets could not be read
    │   │   └── TicketsUnavailableError                their database was away or busy; the next attempt may read them
    │   ├── RowCountMismatchError                      rows written differ from the rows counted
    │   ├── StorageError            (OSError)          the file could not be written or read
    │   │   ├── InvalidKeyError     (ValueError)       a key that would leave the storage's root
    │   │   └── ObjectNotFoundError (LookupError)      no readable object under that key
    │   ├── ListenerStuckError                         whoever follows the progress does not come back
    │   ├── StaleViewError                             the stored view no longer fits the catalog
    │   └── PermissionLostError                        the requester lost the right meanwhile
    ├── WorkerShortageError                            the process lacks open files, threads or memory
    ├── LeaseLostError                                 another attempt took this task over, or the job ended
    ├── JobDatabaseError                               the database of jobs or users failed
    └── ConfigurationError          (ValueError)       wiring or settings that cannot work
        ├── MissingExtraError       (ImportError)      an optional dependency is not installed
        ├── MissingTableError                          a migration lacks a table of the host
        └── UnsupportedDialectError                    a database that the ticket source cannot read

Messages say what was wrong, where, and what would be right. Whatever derives from
`ExportFailure` carries a text that a user may read; a driver's text, a path or a credential is
only ever its ``__cause__``, which goes to the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

__all__ = [
    "ConfigurationError",
    "DownloadUnavailableError",
    "ExportExpiredError",
    "ExportFailure",
    "ExportNotFoundError",
    "ExportNotReadyError",
    "InvalidKeyError",
    "InvalidPayloadError",
    "InvalidTransitionError",
    "JobDatabaseError",
    "LeaseLostError",
    "ListenerStuckError",
    "MissingExtraError",
    "MissingTableError",
    "NotPermittedError",
    "ObjectNotFoundError",
    "PermissionLostError",
    "RowCountMismatchError",
    "StaleViewError",
    "StorageError",
    "TicketExportError",
    "TicketSourceError",
    "TicketsUnavailableError",
    "TooManyExportsError",
    "UnknownDeveloperNameError",
    "UnsupportedDialectError",
    "WorkerShortageError",
]


class TicketExportError(Exception):
    """The root: catch this to catch everything the library raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # Errors travel between processes. By itself Python would call the class with the finished
        # text, which is not what the leaves' constructors take.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(error_type: type[TicketExportError], args: tuple[object, ...], state: dict[str, object]) -> object:
    error = error_type.__new__(error_type, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _shortened(text: str, size: int) -> str:
    encoded = _utf_8(text)
    return text if len(encoded) <= size else encoded[: size - 3].decode(errors="ignore") + "…"


def _utf_8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


class InvalidTransitionError(TicketExportError, ValueError):
    """An entity was asked to move to a state that it cannot reach from where it is."""


class UnknownDeveloperNameError(TicketExportError, LookupError):
    """A developer name that belongs to no known value."""

    def __init__(self, what: str, developer_name: object, known: Iterable[str]) -> None:
        self.developer_name = developer_name
        super().__init__(f"unknown {what} {developer_name!a}; known are: {', '.join(known)}")


class InvalidPayloadError(TicketExportError, ValueError):
    """A view that cannot be exported; its text is shorter than 2,000 bytes.

    Attributes:
        problems: one text a mistake, each beginning with where it is (``filters[0].value: …``). Where there are more
            than 20, or their texts are long, the first ones, and at last how many more there are.
    """

    #: The most problems that are told one by one.
    MOST: Final = 20
    # UTF-8 bytes: of all problems together, and of one.
    _LONGEST, _LONGEST_PROBLEM = 1_800, 500

    def __init__(self, problems: Sequence[str], *, more: int = 0) -> None:
        """`more` is how many other problems the view has."""
        count = len(problems) + more
        told: list[str] = []
        size = 0
        for problem in problems[: self.MOST]:
            text = _shortened(problem, self._LONGEST_PROBLEM)
            size += len(_utf_8(text))
            if size > self._LONGEST:
                break
            told.append(text)
        if len(told) < count:
            told.append(f"and {count - len(told):,} more")
        self.problems: tuple[str, ...] = tuple(told)
        heading = "the view has a problem" if count == 1 else f"the view has {count:,} problems"
        super().__init__(f"{heading}: " + "; ".join(told))


class NotPermittedError(TicketExportError, PermissionError):
    """The actor is known but lacks the right for what was asked."""


class ExportNotFoundError(TicketExportError, LookupError):
    """No such export. Somebody else's export gives exactly this error too."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        super().__init__(f"export {job_id} was not found")


class TooManyExportsError(TicketExportError):
    """The actor has as many queued and running exports as anybody may have at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        count = "one export is" if limit == 1 else f"{limit} exports are"
        super().__init__(
            f"{count} queued or running for you already, which is the most there may be; "
            "wait until one has ended, or cancel one"
        )


class DownloadUnavailableError(TicketExportError):
    """The export exists and may be downloaded by the actor, but there is no file to give."""


class ExportNotReadyError(DownloadUnavailableError):
    """The export is queued or running, or it failed."""


class ExportExpiredError(DownloadUnavailableError):
    """The export's retention is over; its file is gone or about to be."""


class ExportFailure(TicketExportError):
    """Ends a running export. The message is safe to show to the requester."""


class TicketSourceError(ExportFailure):
    """The tickets could not be read. The driver's own error is the ``__cause__``."""


class TicketsUnavailableError(TicketSourceError):
    """The tickets' database was away, or too busy; that may pass, so the attempt is lost and not the export."""


class RowCountMismatchError(ExportFailure):
    """The rows written differ from the rows counted in the same snapshot."""

    def __init__(self, *, counted: int, written: int) -> None:
        self.counted = counted
        self.written = written
        super().__init__(f"{written} rows were written but {counted} were counted; the file was discarded")


class StorageError(ExportFailure, OSError):
    """An object could not be written, read, listed or deleted."""

    @classmethod
    def took_nothing(cls, seconds: float) -> StorageError:
        """It was given something so long ago, and has not taken it yet."""
        return cls(f"The storage took nothing for {seconds:g} s.")


class ListenerStuckError(ExportFailure):
    """Whoever follows the progress of an export was told of it so many `seconds` ago, and has not come back yet."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Whoever follows the export has not come back for {seconds:g} s.")


class InvalidKeyError(StorageError, ValueError):
    """A key that is malformed or would leave the storage's root."""


class ObjectNotFoundError(StorageError, LookupError):
    """No readable object lies under that key."""


class StaleViewError(ExportFailure):
    """The view was valid when it was requested, but the catalog has changed since."""


class PermissionLostError(ExportFailure):
    """The requester may no longer export tickets."""


class WorkerShortageError(TicketExportError):
    """The process that runs an export has run out of something; that is no failure of the export, which is tried again.

    Attributes:
        lacking: what it has run out of, such as ``open files``.
    """

    def __init__(self, lacking: str) -> None:
        self.lacking = lacking
        super().__init__(
            f"this process has run out of {lacking}, and could not make an export; raise its limits "
            "(ulimit, systemd's LimitNOFILE, TasksMax and MemoryMax), or let it make fewer at a time"
        )


class LeaseLostError(TicketExportError):
    """The stored job or task has moved on; this attempt must stop and change nothing."""


class JobDatabaseError(TicketExportError):
    """The database of jobs, tasks and users failed. The driver's own error is the ``__cause__``."""


class ConfigurationError(TicketExportError, ValueError):
    """Settings or wiring that cannot work."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs an optional dependency: pip install 'ticket-export[{extra}]'")


class MissingTableError(ConfigurationError):
    """A migration needs tables of the host application that are not there."""


class UnsupportedDialectError(ConfigurationError):
    """The ticket source has no translation for this database."""
